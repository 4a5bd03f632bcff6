internal import LocalFiles
internal import RunMetadata

/// A run as the index knows it, to be compared with its directory.
struct IndexLook: Sendable {
    let run: String
    /// Its directory.
    let directory: String
    let stamp: RunStamp
    /// Whether the index knows that not all of it can be read.
    let isUnreadable: Bool

    /// Whether the directory is another than it was, or gone.
    var hasChanged: Bool {
        do throws(FileFailure) { return try RunStamp(of: directory) != stamp } catch {
            // One of which nothing could be read has no stamp, and stays as it is until it can be.
            return error.isMissing || !isUnreadable || stamp != .unknown
        }
    }
}
