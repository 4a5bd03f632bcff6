internal import CLinux
internal import Glibc

/// A thread of the operating system (pthreads(7)).
package struct Thread: Sendable {
    private let handle: pthread_t

    /// A thread's priority when there are too few processors.
    package enum Priority: Sendable {
        case usual
        /// Yields to others (setpriority(2), 19), so that a normal thread that was waiting for a disk runs at once.
        case low
        /// Runs only on idle processors (sched(7), SCHED_IDLE): a processor that runs only such threads counts as idle,
        /// so a thread that wakes is put there at once rather than queued. On a busy machine it hardly runs: only for
        /// work that nobody waits for, and not while holding a contended lock for more than a few instructions.
        case idle
    }

    /// Starts a thread.
    /// - Parameter name: shown by `top -H`; at most 15 bytes
    @discardableResult
    package init(named name: String, _ priority: Priority = .usual, _ body: @escaping @Sendable () -> Void) {
        // Retained here, released by the thread as its first act.
        let start = Unmanaged.passRetained(
            Start {
                clinux_name_thread(name)
                switch priority {
                case .usual: break
                case .low: clinux_yield_to_others()
                case .idle: clinux_run_when_idle()
                }
                body()
            })
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        precondition(code == 0, "pthread_create: \(code)")
        handle = thread
    }

    /// Waits for its end; to be called once.
    package func join() { pthread_join(handle, nil) }

    /// Detaches it; nobody will join it.
    package func detach() { pthread_detach(handle) }
}

/// The argument of a thread's start routine.
private final class Start {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
