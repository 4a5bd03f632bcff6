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

    /// Which page is asked for.
    package struct Request: Sendable {
        /// Entries at most.
        package var limit: Int
        /// The name behind which it begins, bytes.
        package var after: [UInt8]?

        package init(limit: Int, after: [UInt8]? = nil) { (self.limit, self.after) = (limit, after) }
    }
}
