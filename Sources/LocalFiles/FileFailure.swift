internal import Glibc
package import SystemPackage

/// A failed call on a file: what was tried, on what, and the reason.
package struct FileFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call, such as `rename`.
    package let call: String
    /// A path below the runs directory (or below the run's directory, if `isInRun`), or a description of the file.
    package let path: String
    package let errno: Errno
    /// Whether the file is in a run's directory, where any program may have made it.
    package let isInRun: Bool

    /// The failure of the last call, or one with a known code.
    package init(_ call: String, _ path: String, errno code: CInt? = nil) {
        errno = Errno(rawValue: code ?? Glibc.errno)
        (self.call, self.path, isInRun) = (call, path, false)
    }

    /// The same for a file in a run's directory.
    package init(_ call: String, inRun path: [UInt8], errno code: CInt? = nil) {
        errno = Errno(rawValue: code ?? Glibc.errno)
        (self.call, self.path, isInRun) = (call, String(decoding: path, as: UTF8.self), true)
    }

    package var description: String { "\(call) \(path): \(errno)" }

    /// Whether a sync failed, after which the content of the disk is unknown (fsync(2)).
    package var isSync: Bool { ["fsync", "fdatasync", "syncfs", Self.syncedWrite].contains(call) }

    /// The name of a write that also syncs (open(2), O_DSYNC).
    package static let syncedWrite = "synced write"

    /// Whether the disk or the quota is full.
    package var isNoSpace: Bool { errno == .noSpace || errno == .diskQuotaExceeded }

    /// Whether the process or the system lacks a resource that will be released: descriptors, memory.
    package var isShortage: Bool {
        !isSync && [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS].contains(errno.rawValue)
    }

    /// Whether there is no file of that name.
    package var isMissing: Bool { errno == .noSuchFileOrDirectory || errno == .notDirectory }

    /// Whether a path in a run's directory leads out of it, by a link or a mount, or permission is denied.
    package var isOutOfReach: Bool { isInRun && [ELOOP, EXDEV, EACCES, EPERM].contains(errno.rawValue) }

    /// Whether something of another kind is at the path of a file or folder in a run's directory.
    package var isPathTaken: Bool {
        isInRun
            && [EISDIR, ENOTDIR, EEXIST, ENOTEMPTY, EBUSY, ENXIO, ENODEV, ESPIPE, ENAMETOOLONG].contains(errno.rawValue)
    }

    /// Whether the cause is in one run's directory, not in the disk or the process.
    package var isOfTheRun: Bool { isOutOfReach || isPathTaken }
}
