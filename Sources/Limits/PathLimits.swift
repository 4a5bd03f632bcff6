/// What the path of a file may have, whoever names it: an archive, a form, a request, a directory that is read.
///
/// Looked at before the path is split or stored, in one pass over its bytes: what is built from a path afterwards, folder by
/// folder, stays within these.
package enum PathLimits {
    /// Folders in one another, with the file itself.
    package static let depth = Limit(.depth, most: 100)
    /// Bytes between two slashes (NAME_MAX, limits.h).
    package static let name = Limit(.bytes, most: 255)
    /// Bytes in all (PATH_MAX, limits.h, without the NUL).
    package static let path = Limit(.bytes, most: 4095)

    /// Why a path is too much, as the end of a sentence about it; nil where it is not.
    ///
    /// Empty components and `.` count as levels too: they cost as much to go through.
    package static func excess(of path: some Sequence<UInt8>) -> String? {
        var (length, inName, levels) = (0, 0, 1)
        for byte in path {
            length += 1
            if byte == UInt8(ascii: "/") {
                (inName, levels) = (0, levels + 1)
            } else {
                inName += 1
            }
            if length > Self.path.most { return "is \(LimitExceeded(Self.path))" }
            if inName > name.most { return "has a name \(LimitExceeded(name))" }
            if levels > depth.most { return "is \(LimitExceeded(depth)) deep" }
        }
        return nil
    }
}
