internal import DequeModule
internal import Threads

/// A fixed number of threads, and the jobs that wait for them.
package final class WorkerPool: Sendable {
    private struct State {
        var jobs: Deque<@Sendable () -> Void> = []
        var isStopping = false
        var threads: [Thread] = []
        /// The number of threads that have not ended.
        var alive = 0
    }

    private let state = Monitor(State())
    private let count: Int
    private let name: String

    /// Starts `count` threads.
    /// - Parameters:
    ///   - name: of the threads, at most 11 bytes
    ///   - startsLate: whether they start with the first job
    package init(threads count: Int, name: String = "worker", startsLate: Bool = false) {
        (self.count, self.name) = (count, name)
        if !startsLate { state.withLock(start) }
    }

    private func start(_ state: inout State) {
        state.threads = (0..<count).map { index in
            // They give way to the polling threads, so that reads do not slow down writes.
            Thread(named: "\(name)-\(index)", .low) { [unowned self] in work() }
        }
        state.alive = count
    }

    deinit { stop() }

    /// Runs a job on one of the threads, in the order of submission.
    package func run(_ job: @escaping @Sendable () -> Void) {
        state.changeForOne { state in
            state.jobs.append(job)
            if state.threads.isEmpty, !state.isStopping { start(&state) }
        }
    }

    /// Finishes the waiting jobs, then ends the threads.
    /// - Parameter seconds: how long that may take; jobs that still wait then are dropped
    /// - Returns: whether all threads have ended. If not, the pool has to stay until the process ends
    @discardableResult
    package func stop(within seconds: Double? = nil) -> Bool {
        let threads = state.changeForAll { state in
            state.isStopping = true
            defer { state.threads = [] }
            return state.threads
        }
        let haveEnded = { (state: inout State) -> Bool? in state.alive == 0 ? true : nil }
        if let seconds, state.wait(seconds: seconds, haveEnded) == nil {
            state.withLock { $0.jobs = [] }
            for thread in threads { thread.detach() }
            return false
        }
        for thread in threads { thread.join() }
        return true
    }

    private func work() {
        while let job = next() { job() }
        state.changeForAll { $0.alive -= 1 }
    }

    /// The next job; nil when the threads are to end.
    private func next() -> (@Sendable () -> Void)? {
        state.wait { state -> (@Sendable () -> Void)?? in
            if let job = state.jobs.popFirst() { return .some(job) }
            return state.isStopping ? .some(nil) : nil
        }
    }
}
