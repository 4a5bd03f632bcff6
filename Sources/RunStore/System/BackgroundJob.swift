internal import Glibc
internal import Synchronization

/// Something that runs on a thread of its own while its result is not needed yet.
package final class BackgroundJob<Success: Sendable>: Sendable {
    private let outcome = Mutex<Result<Success, any Error>?>(nil)
    private let done = Doorbell()

    /// Starts the thread (pthread_create(3)).
    package init(_ body: @escaping @Sendable () throws -> Success) {
        // Retained here, released by the thread as its first act.
        let start = Unmanaged.passRetained(
            ThreadStart { [self] in
                let result = Result { try body() }
                outcome.withLock { $0 = result }
                done.ring()
            })
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<ThreadStart>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.takeRetainedValue().run()
            return
        }
        pthread_detach(thread)
    }

    /// Waits for the result; to be called once.
    package func result() throws -> Success {
        done.wait()
        guard let outcome = outcome.withLock({ $0 }) else { preconditionFailure("rung before there is an outcome") }
        return try outcome.get()
    }
}

/// What a thread begins with.
private final class ThreadStart {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
