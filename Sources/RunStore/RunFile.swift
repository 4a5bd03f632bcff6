package import RunMetadata

/// What is at a path in a run's directory.
package enum RunFile: Sendable {
    /// An open file.
    case file(any Blob)
    /// A folder, with a page of its contents.
    case folder(FolderPage)
}

/// A page of a folder's contents, by name.
package struct FolderPage: Sendable {
    /// One file or folder.
    package struct Entry: Sendable {
        /// The path in the run's directory; invalid UTF-8 is repaired.
        package let text: String
        /// The same path, if a request can name it.
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
    /// The name after which the next page begins, as bytes; nil on the last page. In a recursive listing, the path in
    /// the folder.
    package let next: [UInt8]?

    package init(entries: [Entry], next: [UInt8]?) { (self.entries, self.next) = (entries, next) }

    /// A page of a folder, made from the files in it and below. For a store that keeps files by their paths.
    /// - Parameters:
    ///   - folder: nil: the run's directory
    ///   - files: with their paths in the run's directory, in any order
    /// - Returns: nil if there is no file in the folder; for the run's directory, an empty page
    package init?(of folder: ArtifactPath?, _ files: [(path: ArtifactPath, file: any Blob)], _ request: Request) {
        let depth = folder?.components.count ?? 0
        var entries: [[UInt8]: Entry] = [:]
        for (path, file) in files where path.isBelow(folder) {
            let end = request.isRecursive ? path.components.count : depth + 1
            let isFolder = path.components.count > end
            let place = ArtifactPath(components: Array(path.components[..<end]))
            entries[Array(path.components[depth..<end].joined(separator: "/").utf8)] = Entry(
                text: "\(place ?? path)", path: place, isFolder: isFolder, size: isFolder ? 0 : file.size,
                modified: file.modified)
        }
        if folder != nil, entries.isEmpty { return nil }
        let names = entries.keys.sorted(by: Self.precedes).drop { name in
            request.after.map { !Self.precedes($0, name) } ?? false
        }
        let shown = names.prefix(request.limit)
        self.init(entries: shown.compactMap { entries[$0] }, next: names.count > shown.count ? shown.last : nil)
    }

    /// The order of names, and of paths: by the name of the first folder in which they differ.
    package static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        let separator = UInt8(ascii: "/")
        return one.lexicographicallyPrecedes(other) { ($0 == separator ? 0 : $0) < ($1 == separator ? 0 : $1) }
    }

    /// The requested page.
    package struct Request: Sendable {
        /// Entries at most.
        package var limit: Int
        /// The name after which it begins, as bytes; in a recursive listing, the path in the folder.
        package var after: [UInt8]?
        /// Whether all files in the folder and below are listed, instead of the files and folders in it.
        package var isRecursive: Bool

        package init(limit: Int, after: [UInt8]? = nil, isRecursive: Bool = false) {
            (self.limit, self.after, self.isRecursive) = (limit, after, isRecursive)
        }
    }
}
