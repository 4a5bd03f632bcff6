internal import Glibc

/// Wakes a thread that waits, or one that will: rung before, it does not wait.
final class Doorbell: @unchecked Sendable {
    // Sendable: `isRung` is touched only under `lock`; a condition variable needs a stable address, which `Mutex` does not
    // offer.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let signal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isRung = false

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(signal, nil)
    }

    deinit {
        pthread_cond_destroy(signal)
        pthread_mutex_destroy(lock)
        signal.deallocate()
        lock.deallocate()
    }

    func ring() {
        pthread_mutex_lock(lock)
        isRung = true
        pthread_mutex_unlock(lock)
        pthread_cond_signal(signal)
    }

    /// Waits until rung.
    func wait() {
        pthread_mutex_lock(lock)
        while !isRung { pthread_cond_wait(signal, lock) }
        isRung = false
        pthread_mutex_unlock(lock)
    }

    /// Waits until rung, some seconds at most (pthread_cond_timedwait(3)).
    func wait(seconds: Double) {
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        let nanoseconds = until.tv_nsec + Int(seconds * 1e9)
        until.tv_sec += nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        while !isRung {
            if pthread_cond_timedwait(signal, lock, &until) == ETIMEDOUT { break }
        }
        isRung = false
        pthread_mutex_unlock(lock)
    }
}
