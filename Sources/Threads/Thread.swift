internal import CLinux
internal import Glibc

/// A thread of the operating system (pthreads(7)).
package struct Thread: Sendable {
    private let handle: pthread_t

    /// How a thread stands to others where the processors do not suffice.
    package enum Priority: Sendable {
        case usual
        /// It gives way (setpriority(2), 19), so that one of usual priority that was waiting for a disk runs at once.
        case low
        /// It takes what others leave (sched(7), SCHED_IDLE): a processor that runs only such threads counts as idle, so that a
        /// thread that wakes is put there at once rather than behind another. On a machine that is full it hardly runs: for
        /// what nobody waits for, and not under a lock that others want for more than a few instructions.
        case idle
    }

    /// Starts a thread.
    /// - Parameter name: as `top -H` shows it, at most 15 bytes
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

    /// Lets it end by itself; nobody waits for it.
    package func detach() { pthread_detach(handle) }
}

/// What a thread begins with.
private final class Start {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
