internal import Synchronization
internal import Threads

/// Runs slow writers on threads of their own: a few at once, but one at a time for each type and run, so that each sees
/// what the previous one wrote. Others wait, up to a limit.
final class WriterJobs: Sendable {
    private struct Job {
        let key: String
        let body: @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var running: Set<String> = []
        var threads: [Thread] = []

        /// The first job whose key is free.
        mutating func takeNext() -> Job? {
            guard let index = waiting.firstIndex(where: { !running.contains($0.key) }) else { return nil }
            let job = waiting.remove(at: index)
            running.insert(job.key)
            return job
        }
    }

    private let limit: Int
    private let state = Monitor(State())
    private let stopping = Flag()
    /// When `stop()` was called (monotonic clock, nanoseconds); 0: not yet.
    private let stopped = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - count: jobs at once
    ///   - limit: the most waiting jobs
    init(threads count: Int, limit: Int) {
        self.limit = limit
        let threads = (0..<count).map { index in
            Thread(named: "writer-\(index)") { [unowned self] in work() }
        }
        state.withLock { $0.threads = threads }
    }

    deinit { stop() }

    /// Whether running jobs have to end.
    var isStopping: Bool { stopping.isSet }

    /// Whether it has been stopping for at least `seconds`: the time that requests in flight get.
    func isStopping(for seconds: UInt64) -> Bool {
        let since = stopped.load(ordering: .acquiring)
        return since > 0 && monotonicNanoseconds() - since > seconds * 1_000_000_000
    }

    /// The number of running and of waiting jobs.
    var counts: (running: Int, waiting: Int) { state.withLock { ($0.running.count, $0.waiting.count) } }

    /// Runs a job when its turn comes.
    /// - Parameters:
    ///   - key: a second job with the same key begins when the first has called `done`
    ///   - body: the job
    /// - Returns: whether it was accepted; false if too many are waiting
    func run(_ key: String, _ body: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) -> Bool {
        state.changeForOne { state in
            guard state.waiting.count < limit, !isStopping else { return false }
            state.waiting.append(Job(key: key, body: body))
            return true
        }
    }

    /// Runs the waiting jobs, which notice that they have to end, and ends the threads.
    func stop() {
        stopping.set()
        _ = stopped.compareExchange(expected: 0, desired: monotonicNanoseconds(), ordering: .acquiringAndReleasing)
        let threads = state.changeForAll { state in
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
    }

    private func work() {
        while let job = next() {
            job.body { [self] in state.changeForAll { _ = $0.running.remove(job.key) } }
        }
    }

    /// Waits for the first job whose key is free; nil if the threads have to end.
    private func next() -> Job? {
        state.wait { state -> Job?? in
            if let job = state.takeNext() { return .some(job) }
            return isStopping && state.waiting.isEmpty ? .some(nil) : nil
        }
    }
}
