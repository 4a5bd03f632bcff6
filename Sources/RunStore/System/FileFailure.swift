internal import Glibc
package import SystemPackage

/// A call on a file that failed: what was tried, on what, and the reason.
package struct FileFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call, such as `rename`.
    package let call: String
    /// A path below the runs directory, or a description of the file.
    package let path: String
    package let errno: Errno

    /// The failure of the call that was just made, or of one with a known code.
    package init(_ call: String, _ path: String, errno code: CInt? = nil) {
        self.call = call
        self.path = path
        errno = Errno(rawValue: code ?? Glibc.errno)
    }

    package var description: String { "\(call) \(path): \(errno)" }

    /// Whether a sync failed, after which nobody knows what the disk holds (fsync(2)).
    package var isSync: Bool { ["fsync", "fdatasync", Self.syncedWrite].contains(call) }

    /// The name of a write that is a sync, too (open(2), O_DSYNC).
    static let syncedWrite = "synced write"

    /// Whether the process or the system is short of descriptors or memory: the same call may do later.
    package var isShortage: Bool {
        [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory].contains(errno)
    }

    /// Whether the disk or the quota is full.
    package var isNoSpace: Bool { errno == .noSpace || errno == .diskQuotaExceeded }
}
