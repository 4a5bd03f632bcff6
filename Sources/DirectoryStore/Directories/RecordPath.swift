internal import RunMetadata

/// A file's path in a redo record: relative to the data directory, or with a leading `/` to the run's directory. No
/// path in a data directory begins with `/`, so old journals can still be read.
enum RecordPath {
    /// The text for a record.
    static func text(_ path: ArtifactPath) -> String { "/\(path)" }

    /// The path in the run's directory that a record names, if it is one.
    static func artifact(_ text: String) -> ArtifactPath? {
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        return ArtifactPath(String(decoding: text.utf8.dropFirst(), as: UTF8.self))
    }
}
