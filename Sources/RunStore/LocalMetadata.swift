package import RunMetadata

/// A target's metadata as it is in a folder of this machine.
package struct LocalMetadata: Sendable {
    /// The folder's path.
    package let path: String
    private let find: @Sendable (DataPath) -> BlobVersion?

    /// - Parameter version: finds the version of a folder in it, by its path there; nil if it is not a folder
    package init(path: String, version: @escaping @Sendable (DataPath) -> BlobVersion?) {
        (self.path, find) = (path, version)
    }

    /// The version of a folder in it, from which the store notices that it was changed since (`publishFolder`); nil if
    /// there is no such folder.
    package func version(of folder: DataPath) -> BlobVersion? { find(folder) }
}
