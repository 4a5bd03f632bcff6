/// A computation on a thread of its own, whose result is awaited later.
package final class BackgroundJob<Success: Sendable>: Sendable {
    private let outcome = Monitor<Result<Success, any Error>?>(nil)

    /// Starts the thread.
    package init(_ body: @escaping @Sendable () throws -> Success) {
        Thread(named: "job") { [self] in
            let result = Result { try body() }
            outcome.changeForAll { $0 = result }
        }.detach()
    }

    /// Why it failed; nil if it has not.
    package var failure: (any Error)? {
        outcome.withLock { if case .failure(let error) = $0 { error } else { nil } }
    }

    /// Waits for the result.
    package func result() throws -> Success { try outcome.wait { $0 }.get() }
}
