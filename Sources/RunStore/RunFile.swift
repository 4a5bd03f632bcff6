package import RunMetadata

/// What is at a path in a run's directory.
package enum RunFile: Sendable {
    /// An open file.
    case file(StoredFile)
    /// A folder, with a page of what is in it.
    case folder(FolderPage)
}

/// A page of what is in a folder of a run, by name.
package struct FolderPage: Sendable {
    /// One file or folder.
    package struct Entry: Sendable {
        package let path: ArtifactPath
        package let isFolder: Bool
        /// Bytes, of a file.
        package let size: Int
        /// Seconds since 1970 of the last change.
        package let modified: Double
    }

    package let entries: [Entry]
    /// The name after which the next page begins; nil on the last one.
    package let next: String?

    /// Which page is asked for.
    package struct Request: Sendable {
        /// Entries at most.
        package var limit: Int
        /// The name behind which it begins.
        package var after: String?

        package init(limit: Int, after: String? = nil) { (self.limit, self.after) = (limit, after) }
    }
}
