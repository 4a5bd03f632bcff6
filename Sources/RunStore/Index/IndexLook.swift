internal import RunMetadata

/// A run as the index knows it, to be compared with its directory.
struct IndexLook: Sendable {
    let run: String
    let data: String
    let stamp: RunStamp

    /// Whether the directory is another than it was, or gone.
    var hasChanged: Bool {
        guard let now = try? RunStamp(of: data) else { return true }
        return now != stamp
    }
}
