internal import CLinux
internal import Glibc
internal import Threads

/// Free space on a disk.
package enum DiskSpace {
    /// Bytes free to this process on the file system of an open file (fstatvfs(3)); nil if unknown.
    package static func free(_ descriptor: CInt) -> UInt64? {
        let free = clinux_free_space(descriptor)
        return free < 0 ? nil : UInt64(free)
    }

    /// Free and total bytes of a directory's file system; nil if unknown.
    package static func room(at path: String) -> (free: UInt64, size: UInt64)? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = clinux_space(descriptor)
        guard let free = free(descriptor), size >= 0 else { return nil }
        return (free, UInt64(size))
    }

    /// Free bytes of a directory's file system.
    package static func free(at path: String) -> UInt64? { room(at: path)?.free }
}

/// The free space of a disk, for a writer that should not ask the system each time.
package struct FreeRoom {
    /// The greatest age of an answer, nanoseconds.
    private let lifetime: UInt64
    /// More bytes than other programs can take in that time.
    private static let margin: UInt64 = 1 << 30
    /// Asks for the free bytes; nil if unknown.
    private let ask: () -> UInt64?
    private var known: UInt64 = 0
    /// Bytes taken since the last answer.
    private var taken: UInt64 = 0
    private var askedAt: UInt64 = 0

    package init(lifetime: UInt64 = 100_000_000, asking ask: @escaping () -> UInt64?) {
        (self.lifetime, self.ask) = (lifetime, ask)
    }

    /// Takes space if there is enough. Asks the system again if its last answer is old, or so low that it may no longer
    /// hold.
    /// - Parameters:
    ///   - bytes: how much to take
    ///   - reserve: how much has to be left
    /// - Returns: the free bytes if they are too few; else nil
    package mutating func lacks(_ bytes: UInt64, beside reserve: UInt64) -> UInt64? {
        let now = monotonicNanoseconds()
        if now - askedAt >= lifetime || taken + bytes + reserve + Self.margin > known {
            guard let free = ask() else { return nil }
            (known, taken, askedAt) = (free, 0, now)
            if free < bytes + reserve { return free }
        }
        taken += bytes
        return nil
    }
}

/// Seconds since 1970 (clock_gettime(2), CLOCK_REALTIME).
package let wallClock: @Sendable () -> Double = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
