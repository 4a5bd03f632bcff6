package import RunMetadata

/// A target's metadata as it is in a folder of this machine.
package struct LocalMetadata: Sendable {
    /// The folder's path.
    package let path: String
    private let find: @Sendable (DataPath) -> BlobVersion?

    /// - Parameter version: finds which content a folder in it has, by its path there; nil where it is no folder
    package init(path: String, version: @escaping @Sendable (DataPath) -> BlobVersion?) {
        (self.path, find) = (path, version)
    }

    /// Which content a folder in it has, by which the store notices that it was changed since (`publishFolder`); nil
    /// where there is no such folder.
    package func version(of folder: DataPath) -> BlobVersion? { find(folder) }
}
