internal import Limits
internal import RunMetadata

/// One pass over a received archive: checks everything, writes nothing.
struct SourceSurvey: Sendable {
    let isGzippedTar: Bool
    /// Whether every path is below `source/` already.
    let isBelowSource: Bool
    /// The files, by their names below `source/`.
    let scripts: [String]

    init(of archive: ArchiveReader.Archive, budget: Budget, isCancelled: @escaping () -> Bool = { false }) throws {
        var names = SourceNames(budget: budget)
        let kind = try ArchiveReader.forEachEntry(of: archive, budget: budget, isCancelled: isCancelled) { entry in
            if entry.isRoot { return }
            guard entry.isFile || entry.isDirectory else {
                throw MetadataFault.shape(
                    nil, "source: \"\(entry.path.shown())\" is a link, device or socket; send only files and folders")
            }
            guard entry.size != nil else {
                throw MetadataFault.shape(
                    nil,
                    "source: the zip does not tell the size of \"\(entry.path.shown())\" before its content; send it "
                        + "without gzip around it")
            }
            try names.add(entry.path, isFolder: entry.isDirectory)
        }
        let files = names.files
        if files.isEmpty { throw MetadataFault.shape(nil, "source: the archive has no file; send at least one") }
        isGzippedTar = kind.isGzippedTar
        let prefix = (SourceNames.folder + "/").utf8
        let isBelowSource = files.allSatisfy { $0.utf8.starts(with: prefix) }
        self.isBelowSource = isBelowSource
        scripts = files.map {
            isBelowSource ? String(decoding: $0.utf8.dropFirst(prefix.count), as: UTF8.self) : $0
        }
    }

    /// The path in the stored archive of a path in the sent one.
    func path(of name: String) throws(MetadataFault) -> String {
        let name = try SourceNames.checked(name)
        return isBelowSource ? name : "\(SourceNames.folder)/\(name)"
    }
}
