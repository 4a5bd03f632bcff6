internal import RunMetadata

/// The names of source files, checked one by one as they come: what is outside, what is there twice, what is too much.
struct SourceNames {
    /// The folder in the archive below which tfruns' reader looks.
    static let folder = "source"

    private(set) var files: [String] = []
    private let limits: SourceWriter.Limits
    private var seen: Set<String> = []
    private var bytes = 0

    init(limits: SourceWriter.Limits) { self.limits = limits }

    /// Checks a file's name and size.
    /// - Returns: the name in the archive, below `source/`
    mutating func add(_ name: String, size: Int) throws(MetadataFault) -> String {
        let name = try Self.checked(name)
        try count(name, size: size)
        files.append(name)
        return "\(Self.folder)/\(name)"
    }

    /// Counts an entry in.
    mutating func count(_ name: String, size: Int) throws(MetadataFault) {
        guard seen.insert(name).inserted else { throw .shape(nil, "source: \"\(name)\" is there twice") }
        bytes += size
        if bytes > limits.bytes {
            throw .shape(nil, "source: with \"\(name)\" it is more than \(limits.bytes) bytes unpacked (--max-upload)")
        }
        if seen.count > limits.entries {
            throw .shape(nil, "source: with \"\(name)\" it is more than \(limits.entries) files and folders")
        }
    }

    /// A name without a leading `./`.
    /// - Throws: when it is absolute, leads outside or names nothing
    static func checked(_ name: String) throws(MetadataFault) -> String {
        if name.hasPrefix("/") { throw .shape(nil, "source: \"\(name)\" is absolute; names have to be relative") }
        let parts = name.split(separator: "/").filter { $0 != "." }
        if parts.contains("..") { throw .shape(nil, "source: \"\(name)\" leads outside by \"..\"") }
        if parts.isEmpty || name.unicodeScalars.contains(where: { $0.value < 32 }) {
            throw .shape(nil, "source: \"\(name)\" is no name of a file")
        }
        return parts.joined(separator: "/")
    }
}

/// One pass over an archive that was sent: everything checked, nothing written.
struct SourceSurvey {
    let isGzippedTar: Bool
    /// Whether every path is below `source/` already.
    let isBelowSource: Bool
    /// The files, by their names below `source/`.
    let scripts: [String]

    init(of path: String, limits: SourceWriter.Limits) throws {
        var names = SourceNames(limits: limits)
        var files: [String] = []
        let kind = try ArchiveReader.forEachEntry(of: path) { entry in
            if entry.isRoot { return }
            let name = try SourceNames.checked(entry.path)
            guard entry.isFile || entry.isDirectory else {
                throw MetadataFault.shape(nil, "source: \"\(name)\" is a link, device or socket; send files and folders alone")
            }
            if entry.isFile { files.append(name) }
            var size = 0
            try entry.read { size += $0.count }
            try names.count(name, size: size)
        }
        if files.isEmpty { throw MetadataFault.shape(nil, "source: the archive holds no file") }
        isGzippedTar = kind.isGzippedTar
        let isBelowSource = files.allSatisfy { $0.hasPrefix(SourceNames.folder + "/") }
        self.isBelowSource = isBelowSource
        scripts = files.map { isBelowSource ? String($0.dropFirst(SourceNames.folder.count + 1)) : $0 }
    }

    /// The path in our archive of a path in theirs.
    func path(of name: String) throws(MetadataFault) -> String {
        let name = try SourceNames.checked(name)
        return isBelowSource ? name : "\(SourceNames.folder)/\(name)"
    }
}
