internal import RunMetadata
internal import RunStore

/// A write's place in the order of the writes, kept while its large files are uploaded.
///
/// Content numbers grow in the order of the batches of all servers, and of the writes in a batch. A large file gets its
/// number before its upload. So of two contents for one path, the one with the greater number is newer, whichever was
/// committed first.
struct Reservation: Sendable {
    /// Contents of later writes have greater numbers.
    let number: Int
    /// The content numbers of its large files, by object name.
    let contents: [String: Int]
    /// The files that were at the paths that it writes.
    private let found: [ArtifactPath: KnownFile]
    /// The number of the last event before it.
    let lastEvent: Int
    /// The run that it writes to; nil: the files that wait for a session's next run.
    let run: RunID?
    private let isRunThere: Bool

    /// - Parameters:
    ///   - before: the run before the write
    ///   - after: the run as the write would leave it
    init(
        _ number: Int, _ contents: [String: Int], lastEvent: Int, _ before: WorkingRun, _ after: WorkingRun
    ) {
        (self.number, self.contents, self.lastEvent) = (number, contents, lastEvent)
        (run, isRunThere) = (after.run, before.isThere)
        found = after.touched.reduce(into: [:]) { $0[$1] = after.earlier($1, in: before) }
    }

    /// Refuses to replace what a later write has written, or to bring back what it has removed.
    /// - Parameters:
    ///   - before: the run before the write
    ///   - after: the run as the write leaves it
    ///   - changes: what was changed since the reservation
    /// - Throws: `overtaken`; `unknownRun` if the run was removed
    func check(_ before: WorkingRun, _ after: WorkingRun, _ changes: PathChanges) throws(StoreError) {
        if run != nil, isRunThere, !before.isThere { throw .unknownRun }
        let wasRemoved = changes.removed(run, after: lastEvent)
        for path in after.touched {
            let there = after.earlier(path, in: before)
            // Appending replaces nothing.
            if there?.content == after.files[path]?.content { continue }
            let known = found[path]
            let isNewer = there.map { $0.content > number || $0.content == known?.content && $0.size != known?.size }
            // If it was made and removed in between, it looks unchanged.
            let isGone = known != nil || changes.contains(path, of: run, after: lastEvent)
            if isNewer ?? isGone || wasRemoved { throw .overtaken(path) }
        }
    }
}
