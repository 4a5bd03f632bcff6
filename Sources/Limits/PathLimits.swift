/// What the path of a file may have, whoever names it: an archive, a form, a request, a directory that is read.
///
/// Looked at before the path is split or stored, in one pass over its bytes: what is built from a path afterwards, folder by
/// folder, stays within these.
package struct PathLimits: Sendable {
    /// Of a file in a run or in its source.
    package static let file = PathLimits(depth: 100, bytes: 4095)
    /// Of a file in an archive, which may have all of it in one folder: `source`, or the run's id.
    package static let archived = PathLimits(depth: 101, bytes: 4095 + 256)

    /// Folders in one another, with the file itself.
    package let depth: Limit
    /// Bytes between two slashes (NAME_MAX, limits.h).
    package let name = Limit(.bytes, most: 255)
    /// Bytes in all (PATH_MAX, limits.h, without the NUL).
    package let path: Limit

    private init(depth: Int, bytes: Int) {
        self.depth = Limit(.depth, most: depth)
        path = Limit(.bytes, most: bytes)
    }

    /// Why a path is too much, as the end of a sentence about it; nil where it is not.
    ///
    /// Empty components and `.` count as levels too: they cost as much to go through.
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
