import Glibc

/// All that is below a directory: names, kinds and contents. Two are equal when nothing was stored between them.
package struct DirectoryTree: Equatable, CustomStringConvertible {
    package enum Entry: Equatable {
        case folder
        case file([UInt8])
        case other
    }

    package private(set) var entries: [String: Entry] = [:]

    /// Reads a directory.
    /// - Parameter excluding: paths in it that are passed over, with all that is below them
    package init(_ path: String, excluding: Set<String> = []) {
        read(path, "", excluding)
    }

    /// Reads a runs directory without what changes by itself: the journal and how far it was done, the lock, the index,
    /// the audit log.
    package static func runs(_ path: String) -> DirectoryTree {
        let index = ["", "-wal", "-shm"].map { ".rundir/index.sqlite\($0)" }
        return DirectoryTree(
            path, excluding: Set([".rundir/journal", ".rundir/applied", ".rundir/lock", ".rundir/audit"] + index))
    }

    /// The paths of the files, in order.
    package var files: [String] {
        entries.compactMap { if case .file = $0.value { $0.key } else { nil } }.sorted()
    }

    /// A file's bytes.
    package subscript(path: String) -> [UInt8]? {
        if case .file(let bytes) = entries[path] { bytes } else { nil }
    }

    /// The same without a path.
    package func without(_ path: String) -> DirectoryTree {
        var tree = self
        tree.entries[path] = nil
        return tree
    }

    package var description: String { entries.keys.sorted().joined(separator: " ") }

    private mutating func read(_ root: String, _ folder: String, _ excluded: Set<String>) {
        for name in names(in: "\(root)/\(folder)") {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if excluded.contains(path) { continue }
            var status = stat()
            lstat("\(root)/\(path)", &status)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                entries[path] = .folder
                read(root, path, excluded)
            case S_IFREG: entries[path] = .file(contents(of: "\(root)/\(path)") ?? [])
            default: entries[path] = .other
            }
        }
    }

    /// Whether there is a directory, be it behind a link.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
