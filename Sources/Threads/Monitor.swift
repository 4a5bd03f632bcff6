internal import Glibc

/// A state under a lock, with a condition variable to wait for its changes.
package final class Monitor<State>: @unchecked Sendable {
    // Sendable: `state` is touched only under `lock`. A condition variable needs a stable address, which `Mutex` does
    // not offer.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(lock, nil)
        // Setting the system's clock does not move timeouts (pthread_condattr_setclock(3)).
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(lock)
        changed.deallocate()
        lock.deallocate()
    }

    /// Reads the state, or changes it in a way that nobody waits for.
    package func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&state)
    }

    /// Changes the state and wakes one waiting thread, if any of them will do.
    package func changeForOne<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        defer { pthread_cond_signal(changed) }
        return try withLock(body)
    }

    /// Changes the state and wakes all waiting threads.
    package func changeForAll<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        defer { pthread_cond_broadcast(changed) }
        return try withLock(body)
    }

    /// Waits until `found` returns a value.
    package func wait<Result>(_ found: (inout State) -> Result?) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let result = found(&state) { return result }
            pthread_cond_wait(changed, lock)
        }
    }

    /// The same, at most `seconds` (pthread_cond_timedwait(3)).
    /// - Returns: nil on timeout
    package func wait<Result>(seconds: Double, _ found: (inout State) -> Result?) -> Result? {
        var until = timespec()
        clock_gettime(CLOCK_MONOTONIC, &until)
        let nanoseconds = until.tv_nsec + Int(seconds * 1e9)
        until.tv_sec += nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while true {
            if let result = found(&state) { return result }
            if pthread_cond_timedwait(changed, lock, &until) == ETIMEDOUT { return found(&state) }
        }
    }
}
