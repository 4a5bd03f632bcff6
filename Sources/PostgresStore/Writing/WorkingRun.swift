internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A run, or what waits for a session's next one, as the writes of a batch leave it. A write changes a copy. The copy
/// replaces the run unless the write is refused.
struct WorkingRun: Sendable {
    /// The run's id, or `@` and a session's name.
    let key: String
    /// Whether the database has it.
    var isStored = false
    /// Whether it exists: stored, or made by the batch.
    var isThere = false
    var place = RunPlace.pending
    /// Changes whenever the run stops being active.
    var activation = 0
    /// The time of the last write, seconds since 1970.
    var modified = 0.0
    /// The sum over all its files.
    var bytes = 0
    /// Who made it (`RunWrite.sender`).
    var sender: String?
    /// The columns of its rows, once they are known.
    var columns: RowColumns?
    /// Files by path in the run's directory: if `hasAll`, all metadata; else only the files that were asked for.
    var files: [ArtifactPath: KnownFile] = [:]
    /// The same, as stored in the database.
    var stored: [ArtifactPath: KnownFile] = [:]
    var hasAll = false
    /// The paths that the current write wrote or removed.
    var touched: Set<ArtifactPath> = []

    init(key: String) { self.key = key }

    var run: RunID? { RunID(key) }

    /// How many properties have a file.
    var propertyCount: Int { files.keys.count { $0.dataPath?.property != nil } }

    func file(_ path: DataPath) -> KnownFile? { files[ArtifactPath(path)] }

    /// Notes that the current write writes or removes a file.
    mutating func touch(_ path: ArtifactPath) {
        touched.insert(path)
        // What waits for a run is as old as its most recently written file of any kind.
        if path.isMetadata || place == .pending { modified = max(modified, wallClock()) }
    }

    /// Updates the sum of file sizes after a write, from the files that it touched.
    /// - Parameter before: the run before the write
    mutating func countBytes(since before: WorkingRun) {
        for path in touched { bytes += (files[path]?.size ?? 0) - (earlier(path, in: before)?.size ?? 0) }
    }

    /// What was at a path before the write; nil: nothing.
    /// - Parameter before: the run before the write. The write may have been the first to look up that path
    func earlier(_ path: ArtifactPath, in before: WorkingRun) -> KnownFile? {
        before.files[path] ?? (before.stored[path] == nil ? stored[path] : nil)
    }
}
