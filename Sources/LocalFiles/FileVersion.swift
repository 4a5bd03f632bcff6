package import Glibc

/// Identifies a file's content: equal versions are of one file that was not written in between.
///
/// Inode, size and time of the last change (stat(2)): replacing a file changes the inode, writing in place the time.
package struct FileVersion: Hashable, Sendable {
    package let inode: UInt64
    package let size: Int
    /// Nanoseconds since 1970 of the last change.
    package let time: Int

    /// Seconds since 1970 of the last change.
    package var modified: Double { Double(time) / 1e9 }

    /// The version as hexadecimal digits and `-`.
    package var text: String {
        [inode, UInt64(size), UInt64(bitPattern: Int64(time))].map { String($0, radix: 16) }.joined(separator: "-")
    }

    package init(_ status: stat) {
        (inode, size) = (UInt64(status.st_ino), Int(status.st_size))
        time = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
    }

    /// The version of a file; nil if there is no status, or it is not of a regular file.
    package init?(file status: stat?) {
        guard let status, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.init(status)
    }
}
