internal import CLinux
internal import Glibc

/// Room on a disk.
enum DiskSpace {
    /// Bytes free to this process on the file system of an open file (fstatvfs(3)); nil when that is not known.
    static func free(_ descriptor: CInt) -> UInt64? {
        let free = clinux_free_space(descriptor)
        return free < 0 ? nil : UInt64(free)
    }

    /// The same of a directory.
    static func free(at path: String) -> UInt64? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return free(descriptor)
    }
}

/// Seconds since 1970 (clock_gettime(2), CLOCK_REALTIME).
package let wallClock: @Sendable () -> Double = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
