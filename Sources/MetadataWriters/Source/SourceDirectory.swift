internal import CLinux
internal import Glibc
internal import Limits
internal import RunMetadata

/// A directory on the server from which source is read, within the roots that `--source-root` allows.
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

    /// - Throws: if the directory does not exist, or its real path (realpath(3)) is not within a root
    init(_ path: String, roots: [String]) throws(MetadataFault) {
        guard !roots.isEmpty else {
            throw MetadataFault(
                .forbidden, "source: no directory may be named; start the server with --source-root, or send an archive"
            )
        }
        guard path.hasPrefix("/") else {
            throw .shape(nil, "source: \"\(path.shown())\" is relative; name the directory by its absolute path")
        }
        guard let real = Self.realPath(path), Self.isWithin(real, roots) else {
            throw MetadataFault(
                .forbidden,
                "source: \"\(path.shown())\" is not a directory within \(roots.joined(separator: ", ")) (--source-root)"
            )
        }
        guard clinux_look(real, 1).kind == CLINUX_DIRECTORY else {
            throw .shape(nil, "source: \"\(path.shown())\" is not a directory")
        }
        self.path = real
        self.roots = roots
    }

    /// All files in it, by name; hidden files and folders (`.git`, `.venv`) are skipped. A link to a file is followed
    /// if it stays within the roots, a link to a folder is skipped.
    /// - Parameter budget: counts each file before anything is read
    func files(budget: Budget) throws(MetadataFault) -> [File] {
        var found: [File] = []
        // Iterative, so that neither the stack nor open folders grow with the depth.
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try names(in: folder) {
                if let excess = PathLimits.file.excess(of: name.utf8) {
                    throw MetadataFault(.exceeded, "source: \"\(name.shown(atMost: 100))\" \(excess)")
                }
                let status = clinux_look("\(path)/\(name)", 0)
                if status.kind == CLINUX_DIRECTORY {
                    try SourceWriter.draw(name, size: 0, from: budget)
                    folders.append(name)
                } else if let file = try file(name, status) {
                    try SourceWriter.draw(name, size: file.size, from: budget)
                    found.append(file)
                }
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    /// The entries of a folder that are not hidden, as sorted paths (readdir(3)).
    private func names(in folder: String) throws(MetadataFault) -> [String] {
        guard let directory = opendir(folder.isEmpty ? path : "\(path)/\(folder)") else {
            throw MetadataFault(.forbidden, "source: the server may not read \"\("\(path)/\(folder)".shown())\"")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    String(validatingCString: name) ?? (name.pointee == CChar(UInt8(ascii: ".")) ? "." : nil)
                }
            }
            guard let name else {
                let place = folder.isEmpty ? path : folder
                throw .shape(nil, "source: a file in \"\(place.shown())\" has a name that is not UTF-8")
            }
            if !name.hasPrefix(".") { names.append(folder.isEmpty ? name : "\(folder)/\(name)") }
        }
        return names.sorted()
    }

    /// The file at an entry, or the file that it links to; nil if that is not a file.
    private func file(_ name: String, _ status: clinux_status) throws(MetadataFault) -> File? {
        let file = "\(path)/\(name)"
        switch status.kind {
        case CLINUX_LINK:
            guard let real = Self.realPath(file), Self.isWithin(real, roots) else {
                throw MetadataFault(
                    .forbidden, "source: the link \"\(name.shown())\" leads out of the directories of --source-root")
            }
            let target = clinux_look(real, 1)
            guard target.kind == CLINUX_FILE else { return nil }
            return File(name: name, path: real, size: Int(target.size), mode: target.mode)
        case CLINUX_FILE: return File(name: name, path: file, size: Int(status.size), mode: status.mode)
        default: return nil
        }
    }

    private static func isWithin(_ path: String, _ roots: [String]) -> Bool {
        // Compares bytes, as the file system does.
        roots.contains { root in
            path.utf8.elementsEqual(root.utf8) || path.utf8.starts(with: (root == "/" ? "/" : root + "/").utf8)
        }
    }

    /// realpath(3); nil if there is no such path.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
