internal import LocalFiles
internal import RunMetadata

/// A run's entry in the index, to be compared with its directory.
struct IndexLook: Sendable {
    let run: String
    /// Its directory.
    let directory: String
    let stamp: RunStamp
    /// Whether the index knows that it can only be read in part.
    let isUnreadable: Bool

    /// Whether the directory has changed or is gone.
    var hasChanged: Bool {
        do throws(FileFailure) { return try RunStamp(of: directory) != stamp } catch {
            // A run that could not be read at all has no stamp, and stays so until it can be read.
            return error.isMissing || !isUnreadable || stamp != .unknown
        }
    }
}
