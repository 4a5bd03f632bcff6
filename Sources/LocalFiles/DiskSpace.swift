internal import CLinux
internal import Glibc
internal import Threads

/// Room on a disk.
package enum DiskSpace {
    /// Bytes free to this process on the file system of an open file (fstatvfs(3)); nil when that is not known.
    package static func free(_ descriptor: CInt) -> UInt64? {
        let free = clinux_free_space(descriptor)
        return free < 0 ? nil : UInt64(free)
    }

    /// Bytes free, and bytes in all, on the file system of a directory; nil when that is not known.
    package static func room(at path: String) -> (free: UInt64, size: UInt64)? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = clinux_space(descriptor)
        guard let free = free(descriptor), size >= 0 else { return nil }
        return (free, UInt64(size))
    }

    /// Bytes free on the file system of a directory.
    package static func free(at path: String) -> UInt64? { room(at: path)?.free }
}

/// The room on a disk, for one that takes of it and should not have to ask each time.
package struct FreeRoom {
    /// How old an answer may be, nanoseconds.
    private let lifetime: UInt64
    /// More bytes than others can take in that time.
    private static let margin: UInt64 = 1 << 30
    /// Bytes that are free; nil when that is not known.
    private let ask: () -> UInt64?
    private var known: UInt64 = 0
    /// Bytes taken since.
    private var taken: UInt64 = 0
    private var askedAt: UInt64 = 0

    package init(lifetime: UInt64 = 100_000_000, asking ask: @escaping () -> UInt64?) {
        (self.lifetime, self.ask) = (lifetime, ask)
    }

    /// Takes room, where it is there. The disk is asked when what it said is old, or was not so much that it has to be there
    /// still.
    /// - Parameters:
    ///   - bytes: what is taken
    ///   - reserve: what has to be left
    /// - Returns: the bytes that are free, where they are too few
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
