internal import CLinux
internal import Glibc

/// Room on a disk.
enum DiskSpace {
    /// Bytes free, and in all, on the file system of an open file (fstatvfs(3)); false when that is not known.
    static func read(_ descriptor: CInt, _ free: inout UInt64, _ size: inout UInt64) -> Bool {
        clinux_free_space(descriptor, &free, &size) == 0
    }
}

/// Seconds since 1970 (clock_gettime(2), CLOCK_REALTIME).
package let wallClock: @Sendable () -> Double = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
