internal import RunMetadata
internal import RunStore

/// The place in the order of the writes that a write keeps while its large files are uploaded.
///
/// Numbers of contents grow in the order of the batches of all servers, and of the writes in a batch. A large file gets
/// a number from before its upload: so what is at its path is newer where its number is greater, whichever was
/// committed first.
struct Reservation: Sendable {
    /// What has a greater number was written by a later write.
    let number: Int
    /// The numbers of its large files' contents, by the objects' names.
    let contents: [String: Int]
    /// What was at the paths that it writes.
    private let found: [ArtifactPath: KnownFile]
    /// The number of the last event before it.
    let lastEvent: Int
    /// The run that it goes to; nil: what waits for a session's next one.
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

    /// Refuses to replace what a later write has written meanwhile, or to bring back what it has removed.
    /// - Parameters:
    ///   - before: the run before the write
    ///   - after: the run as the write leaves it
    ///   - changes: what was changed since
    /// - Throws: `overtaken`; `unknownRun` if the run was removed
    func check(_ before: WorkingRun, _ after: WorkingRun, _ changes: PathChanges) throws(StoreError) {
        if run != nil, isRunThere, !before.isThere { throw .unknownRun }
        let wasRemoved = changes.removed(run, after: lastEvent)
        for path in after.touched {
            let there = after.earlier(path, in: before)
            // What is appended replaces nothing.
            if there?.content == after.files[path]?.content { continue }
            let known = found[path]
            let isNewer = there.map { $0.content > number || $0.content == known?.content && $0.size != known?.size }
            // Made and removed meanwhile, it is not there as before.
            let isGone = known != nil || changes.contains(path, of: run, after: lastEvent)
            if isNewer ?? isGone || wasRemoved { throw .overtaken(path) }
        }
    }
}
