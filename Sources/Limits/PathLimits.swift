/// Limits of a file's path from any source: an archive, a form, a request, a directory that is read.
///
/// Checked before the path is split or stored, in one pass over its bytes, so that whatever is built from a path later
/// stays within these limits.
package struct PathLimits: Sendable {
    /// Of a file in a run or in its source.
    package static let file = PathLimits(depth: 100, bytes: 4095)
    /// Of a file in an archive, which may have everything in one folder: `source`, or the run's id.
    package static let archived = PathLimits(depth: 101, bytes: 4095 + 256)

    /// Nested folders, plus the file itself.
    package let depth: Limit
    /// Bytes between two slashes (NAME_MAX, limits.h).
    package let name = Limit(.bytes, most: 255)
    /// Bytes in all (PATH_MAX, limits.h, without the NUL).
    package let path: Limit

    private init(depth: Int, bytes: Int) {
        self.depth = Limit(.depth, most: depth)
        path = Limit(.bytes, most: bytes)
    }

    /// How a path exceeds the limits, as the end of a sentence about it; nil if it does not.
    ///
    /// Empty components and `.` count as levels too: they cost as much to process.
    package func excess(of path: some Sequence<UInt8>) -> String? {
        var (length, inName, levels) = (0, 0, 1)
        for byte in path {
            length += 1
            if byte == UInt8(ascii: "/") {
                (inName, levels) = (0, levels + 1)
            } else {
                inName += 1
            }
            if length > self.path.most { return "is \(LimitExceeded(self.path))" }
            if inName > name.most { return "has a name \(LimitExceeded(name))" }
            if levels > depth.most { return "is \(LimitExceeded(depth)) deep" }
        }
        return nil
    }
}
