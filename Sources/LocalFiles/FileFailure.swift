internal import Glibc
package import SystemPackage

/// A call on a file that failed: what was tried, on what, and the reason.
package struct FileFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call, such as `rename`.
    package let call: String
    /// A path below the runs directory, or a description of the file; in a run's directory, below that.
    package let path: String
    package let errno: Errno
    /// Whether it was about something in a run's directory, which anyone may have made.
    package let isInRun: Bool

    /// The failure of the call that was just made, or of one with a known code.
    package init(_ call: String, _ path: String, errno code: CInt? = nil) {
        errno = Errno(rawValue: code ?? Glibc.errno)
        (self.call, self.path, isInRun) = (call, path, false)
    }

    /// The same of something in a run's directory.
    package init(_ call: String, inRun path: [UInt8], errno code: CInt? = nil) {
        errno = Errno(rawValue: code ?? Glibc.errno)
        (self.call, self.path, isInRun) = (call, String(decoding: path, as: UTF8.self), true)
    }

    package var description: String { "\(call) \(path): \(errno)" }

    /// Whether a sync failed, after which nobody knows what the disk holds (fsync(2)).
    package var isSync: Bool { ["fsync", "fdatasync", "syncfs", Self.syncedWrite].contains(call) }

    /// The name of a write that is a sync, too (open(2), O_DSYNC).
    package static let syncedWrite = "synced write"

    /// Whether the disk or the quota is full.
    package var isNoSpace: Bool { errno == .noSpace || errno == .diskQuotaExceeded }

    /// Whether the process or the system lacks something that others will give back: descriptors, memory.
    package var isShortage: Bool {
        !isSync && [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS].contains(errno.rawValue)
    }

    /// Whether there was nothing of that name.
    package var isMissing: Bool { errno == .noSuchFileOrDirectory || errno == .notDirectory }

    /// Whether something in a run's directory leads out of it, by a link or a mount, or gives the server no right.
    package var isOutOfReach: Bool { isInRun && [ELOOP, EXDEV, EACCES, EPERM].contains(errno.rawValue) }

    /// Whether something else has the place of a file or folder in a run's directory.
    package var isPathTaken: Bool {
        isInRun
            && [EISDIR, ENOTDIR, EEXIST, ENOTEMPTY, EBUSY, ENXIO, ENODEV, ESPIPE, ENAMETOOLONG].contains(errno.rawValue)
    }

    /// Whether it says what is in one run's directory, and nothing about the disk or the process.
    package var isOfTheRun: Bool { isOutOfReach || isPathTaken }
}
