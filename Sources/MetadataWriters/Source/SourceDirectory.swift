internal import CLinux
internal import Glibc
internal import RunMetadata

/// A directory on the server from which source is taken, within the roots that `--source-root` allows.
struct SourceDirectory {
    struct File {
        /// Relative to the directory.
        let name: String
        let path: String
        let size: Int
        let mode: UInt32
    }

    private let path: String
    private let roots: [String]

    /// - Throws: when the directory is not there, or its real path (realpath(3)) is not within a root
    init(_ path: String, roots: [String]) throws(MetadataFault) {
        guard !roots.isEmpty else {
            throw MetadataFault(
                .forbidden, "source: the server takes no directory; start it with --source-root, or send an archive")
        }
        guard path.hasPrefix("/") else {
            throw .shape(nil, "source: \"\(path)\" is relative; name the directory by its absolute path")
        }
        guard let real = Self.realPath(path), Self.isWithin(real, roots) else {
            throw MetadataFault(
                .forbidden,
                "source: \"\(path)\" is no directory within \(roots.joined(separator: ", ")) (--source-root)")
        }
        guard clinux_look(real, 1).kind == CLINUX_DIRECTORY else {
            throw .shape(nil, "source: \"\(path)\" is no directory")
        }
        self.path = real
        self.roots = roots
    }

    /// All files in it, by name; hidden files and folders (`.git`, `.venv`) are passed over. A link to a file is followed
    /// where it stays within the roots, a link to a folder is passed over.
    func files() throws(MetadataFault) -> [File] {
        var found: [File] = []
        try collect("", &found)
        return found.sorted { $0.name < $1.name }
    }

    private func collect(_ folder: String, _ found: inout [File]) throws(MetadataFault) {
        guard let directory = opendir(folder.isEmpty ? path : "\(path)/\(folder)") else {
            throw MetadataFault(.forbidden, "source: the server may not read \"\(path)/\(folder)\"")
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let entryName = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if entryName.hasPrefix(".") { continue }
            let name = folder.isEmpty ? entryName : "\(folder)/\(entryName)"
            try collect(entry: name, &found)
        }
    }

    private func collect(entry name: String, _ found: inout [File]) throws(MetadataFault) {
        let file = "\(path)/\(name)"
        let status = clinux_look(file, 0)
        switch status.kind {
        case CLINUX_DIRECTORY: try collect(name, &found)
        case CLINUX_LINK:
            guard let real = Self.realPath(file), Self.isWithin(real, roots) else {
                throw MetadataFault(.forbidden, "source: the link \"\(name)\" leads out of what --source-root allows")
            }
            let target = clinux_look(real, 1)
            guard target.kind == CLINUX_FILE else { return }
            found.append(File(name: name, path: real, size: Int(target.size), mode: target.mode))
        case CLINUX_FILE: found.append(File(name: name, path: file, size: Int(status.size), mode: status.mode))
        default: return
        }
    }

    private static func isWithin(_ path: String, _ roots: [String]) -> Bool {
        // By bytes, as the file system compares.
        roots.contains { root in
            path.utf8.elementsEqual(root.utf8) || path.utf8.starts(with: (root == "/" ? "/" : root + "/").utf8)
        }
    }

    /// realpath(3); nil when there is no such path.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
