internal import Glibc

/// A clock that only goes forward, nanoseconds (clock_gettime(2), CLOCK_MONOTONIC).
package func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

/// Processor time of the calling thread, nanoseconds (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID).
package func threadNanoseconds() -> UInt64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
