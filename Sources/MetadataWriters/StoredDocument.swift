package import RunMetadata

/// What a type is read back from.
package enum StoredDocument: Sendable {
    /// A file, with its media type.
    case file(DataPath, mediaType: String)
    /// All files in a folder, as a list.
    case folder(DataPath)
    /// The folder of properties, as an object.
    case properties
}
