internal import Glibc
internal import HTTPServer
internal import Synchronization

/// Runs slow writers on threads of their own: a few at once, and of those that write the same type into the same run one
/// after the other, each seeing what the one before has written. The rest wait, up to a limit.
final class WriterJobs: @unchecked Sendable {
    // Sendable: `waiting`, `running` and `threads` are touched only under `lock`; the condition variable needs a stable
    // address, which `Mutex` does not offer.
    private struct Job {
        let key: String
        let body: @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let signal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let limit: Int
    private var waiting: [Job] = []
    private var running: Set<String> = []
    private var threads: [pthread_t] = []
    private let stopping = Atomic<Bool>(false)

    /// - Parameters:
    ///   - count: jobs at once
    ///   - limit: jobs that may wait
    init(threads count: Int, limit: Int) {
        self.limit = limit
        pthread_mutex_init(lock, nil)
        pthread_cond_init(signal, nil)
        threads = (0..<count).map { index in
            startThread(named: "writer-\(index)") { [unowned self] in work() }
        }
    }

    deinit {
        stop()
        pthread_cond_destroy(signal)
        pthread_mutex_destroy(lock)
        signal.deallocate()
        lock.deallocate()
    }

    /// Whether the jobs that run are to come to an end.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    /// How many run, and how many wait.
    var counts: (running: Int, waiting: Int) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return (running.count, waiting.count)
    }

    /// Runs a job when its turn comes.
    /// - Parameters:
    ///   - key: of two jobs with one key, the second begins when the first has called `done`
    ///   - body: the job
    /// - Returns: whether it was taken; not when too many wait
    func run(_ key: String, _ body: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        guard waiting.count < limit, !isStopping else { return false }
        waiting.append(Job(key: key, body: body))
        pthread_cond_signal(signal)
        return true
    }

    /// Does the jobs that wait, which see that they are to end, and ends the threads.
    func stop() {
        stopping.store(true, ordering: .relaxed)
        pthread_mutex_lock(lock)
        let joined = threads
        threads = []
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(signal)
        for thread in joined { pthread_join(thread, nil) }
    }

    private func work() {
        while let job = next() {
            job.body { [self] in finish(job.key) }
        }
    }

    /// The first job whose key is free; nil when the threads are to end.
    private func next() -> Job? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let index = waiting.firstIndex(where: { !running.contains($0.key) }) {
                let job = waiting.remove(at: index)
                running.insert(job.key)
                return job
            }
            if isStopping, waiting.isEmpty { return nil }
            pthread_cond_wait(signal, lock)
        }
    }

    private func finish(_ key: String) {
        pthread_mutex_lock(lock)
        running.remove(key)
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(signal)
    }
}
