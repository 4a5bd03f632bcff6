internal import Glibc

/// Which content a file has: two that are equal are of one file that was not written in between.
///
/// From inode, size and time of the last change (stat(2)): a file that is replaced gets another inode, one that something
/// writes in place another time.
package struct FileVersion: Equatable, Sendable {
    /// Seconds since 1970 of the last change.
    package let modified: Double
    /// The version as a text of hexadecimal digits and `-`.
    package let text: String

    init(_ status: stat) {
        modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        let time = UInt64(bitPattern: Int64(status.st_mtim.tv_sec)) &* 1_000_000_000 &+ UInt64(status.st_mtim.tv_nsec)
        text = [UInt64(status.st_ino), UInt64(status.st_size), time].map { String($0, radix: 16) }
            .joined(separator: "-")
    }
}
