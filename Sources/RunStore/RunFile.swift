package import RunMetadata

/// What is at a path in a run's directory.
package enum RunFile: Sendable {
    /// An open file.
    case file(any Blob)
    /// A folder, with a page of what is in it.
    case folder(FolderPage)
}

/// A page of what is in a folder of a run, by name.
package struct FolderPage: Sendable {
    /// One file or folder.
    package struct Entry: Sendable {
        /// The path in the run's directory, repaired where it is not UTF-8.
        package let text: String
        /// The same, where it is one that a request can have.
        package let path: ArtifactPath?
        package let isFolder: Bool
        /// Bytes, of a file.
        package let size: Int
        /// Seconds since 1970 of the last change.
        package let modified: Double

        package init(text: String, path: ArtifactPath?, isFolder: Bool, size: Int, modified: Double) {
            (self.text, self.path, self.isFolder) = (text, path, isFolder)
            (self.size, self.modified) = (size, modified)
        }
    }

    package let entries: [Entry]
    /// The name after which the next page begins, bytes; nil on the last one.
    package let next: [UInt8]?

    package init(entries: [Entry], next: [UInt8]?) { (self.entries, self.next) = (entries, next) }

    /// A page of a folder, told from the files that are in it and below. For a store that keeps files by their paths.
    /// - Parameters:
    ///   - folder: nil: the run's directory
    ///   - files: with their paths in the run's directory, in any order
    /// - Returns: nil where there is no file in the folder; of the run's directory, an empty page
    package init?(of folder: ArtifactPath?, _ files: [(path: ArtifactPath, file: any Blob)], _ request: Request) {
        let depth = folder?.components.count ?? 0
        var entries: [[UInt8]: Entry] = [:]
        for (path, file) in files where path.isBelow(folder) {
            let isFolder = path.components.count > depth + 1
            let place = ArtifactPath(components: Array(path.components[...depth]))
            entries[Array(path.components[depth].utf8)] = Entry(
                text: "\(place ?? path)", path: place, isFolder: isFolder, size: isFolder ? 0 : file.size,
                modified: file.modified)
        }
        if folder != nil, entries.isEmpty { return nil }
        let names = entries.keys.sorted { $0.lexicographicallyPrecedes($1) }.drop { name in
            request.after.map { !$0.lexicographicallyPrecedes(name) } ?? false
        }
        let shown = names.prefix(request.limit)
        self.init(entries: shown.compactMap { entries[$0] }, next: names.count > shown.count ? shown.last : nil)
    }

    /// Which page is asked for.
    package struct Request: Sendable {
        /// Entries at most.
        package var limit: Int
        /// The name behind which it begins, bytes.
        package var after: [UInt8]?

        package init(limit: Int, after: [UInt8]? = nil) { (self.limit, self.after) = (limit, after) }
    }
}
