internal import RunMetadata

/// A file's path as a record holds it: relative to the data directory, or behind a `/` to the run's directory. No path in a
/// data directory begins with one, so that either is what it was in every journal.
enum RecordPath {
    /// The text for a record.
    static func text(_ path: ArtifactPath) -> String { "/\(path)" }

    /// The path in the run's directory that a record names, if it is one.
    static func artifact(_ text: String) -> ArtifactPath? {
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        return ArtifactPath(String(decoding: text.utf8.dropFirst(), as: UTF8.self))
    }
}
