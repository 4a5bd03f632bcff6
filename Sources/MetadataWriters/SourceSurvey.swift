internal import RunMetadata

/// One pass over an archive that was sent: everything checked, nothing written.
struct SourceSurvey: Sendable {
    let isGzippedTar: Bool
    /// Whether every path is below `source/` already.
    let isBelowSource: Bool
    /// The files, by their names below `source/`.
    let scripts: [String]

    init(of archive: ArchiveReader.Archive, limits: SourceWriter.Limits) throws {
        var names = SourceNames(limits: limits)
        var files: [String] = []
        let kind = try ArchiveReader.forEachEntry(of: archive) { entry in
            if entry.isRoot { return }
            let name = try SourceNames.checked(entry.path)
            guard entry.isFile || entry.isDirectory else {
                throw MetadataFault.shape(
                    nil, "source: \"\(name)\" is a link, device or socket; send files and folders alone")
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
