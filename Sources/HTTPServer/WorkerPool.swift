internal import CLinux
internal import Glibc

/// Threads for whatever may block: listings, data frames, uploads.
package final class WorkerPool: @unchecked Sendable {
    // Sendable: `jobs` and `stopping` are touched only under `lock`; the condition variable needs a stable address, which
    // `Mutex` does not offer.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let signal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [@Sendable () -> Void] = []
    private var next = 0
    private var stopping = false
    private var threads: [pthread_t] = []

    /// Starts `count` threads.
    package init(threads count: Int) {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(signal, nil)
        threads = (0..<count).map { index in
            startThread(named: "worker-\(index)") { [unowned self] in work() }
        }
    }

    deinit {
        stop()
        pthread_cond_destroy(signal)
        pthread_mutex_destroy(lock)
        signal.deallocate()
        lock.deallocate()
    }

    /// Runs a job on one of the threads, in the order of submission.
    package func run(_ job: @escaping @Sendable () -> Void) {
        pthread_mutex_lock(lock)
        jobs.append(job)
        pthread_mutex_unlock(lock)
        pthread_cond_signal(signal)
    }

    /// Finishes the jobs that wait, then ends the threads.
    package func stop() {
        pthread_mutex_lock(lock)
        stopping = true
        let joined = threads
        threads = []
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(signal)
        for thread in joined { pthread_join(thread, nil) }
    }

    private func work() {
        pthread_mutex_lock(lock)
        while true {
            while next == jobs.count {
                if stopping {
                    pthread_mutex_unlock(lock)
                    return
                }
                pthread_cond_wait(signal, lock)
            }
            let job = jobs[next]
            next += 1
            if next == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                next = 0
            }
            pthread_mutex_unlock(lock)
            job()
            pthread_mutex_lock(lock)
        }
    }
}

/// Starts a thread (pthread_create(3)) under a name of at most 15 bytes, as `top -H` shows it.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) -> pthread_t {
    final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var thread = pthread_t()
    // Retained here, released by the thread as its first act.
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let code = pthread_create(
        &thread, nil,
        { argument in
            let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
            clinux_name_thread(start.name)
            start.body()
            return nil
        }, start.toOpaque())
    precondition(code == 0, "pthread_create: \(code)")
    return thread
}
