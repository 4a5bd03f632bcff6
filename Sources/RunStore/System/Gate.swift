internal import Glibc

/// Lets threads through once it is open; it can be closed again.
final class Gate: @unchecked Sendable {
    // Sendable: `isLifted` is touched only under `lock`; a condition variable needs a stable address, which `Mutex` does not
    // offer.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let signal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isLifted = false

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

    var isOpen: Bool { wait(seconds: 0) }

    func open() { set(true) }

    func close() { set(false) }

    private func set(_ value: Bool) {
        pthread_mutex_lock(lock)
        isLifted = value
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(signal)
    }

    /// Waits until it is open, some seconds at most (pthread_cond_timedwait(3)).
    /// - Returns: whether it is
    func wait(seconds: Double) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        let nanoseconds = until.tv_nsec + Int(seconds * 1e9)
        until.tv_sec += nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while !isLifted {
            if pthread_cond_timedwait(signal, lock, &until) == ETIMEDOUT { break }
        }
        return isLifted
    }
}
