import LocalFiles
import RunMetadata
import RunStore
import Synchronization

/// A run store in memory, for tests.
final class MemoryRunStore: RunStore {
    let rules: RunRules
    /// Seconds since 1970.
    let clock: @Sendable () -> Double
    private let feed = LocalChangeFeed()
    private let kept: Mutex<(state: MemoryState, isClosed: Bool)>

    /// - Parameter state: what an earlier store kept
    init(_ state: MemoryState = MemoryState(), rules: RunRules, clock: @escaping @Sendable () -> Double) {
        (self.rules, self.clock) = (rules, clock)
        kept = Mutex((state, false))
    }

    var changes: any ChangeFeed { feed }

    /// Takes no write any more.
    func close() { kept.withLock { $0.isClosed = true } }

    /// Drops what has waited for too long.
    func dropOldPending() { kept.withLock { $0.state.dropOldPending(rules) } }

    /// All that is kept now.
    var state: MemoryState { kept.withLock(\.state) }

    func submit(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void) {
        let result = kept.withLock { kept in
            Result { () throws(StoreError) in
                if kept.isClosed { throw .stopping }
                var before = kept.state
                before.dropOldPending(rules)
                let done = MemoryWrite(before, now: clock(), rules)
                let outcome = try done.apply(write)
                try done.state.check(
                    rules, since: before, at: outcome.run?.description ?? write.target.key, write)
                kept.state = done.state
                if feed.isWatched { feed.append(done.changes) }
                return outcome
            }
        }
        completion(result)
    }

    func resolve(_ target: RunTarget) -> RunID? { RunID(state.resolved(target)) }

    // MARK: Reading a run

    private func value(_ run: RunID) -> MemoryRun? { state.runs[run.description] }

    func snapshot(of run: RunID) throws(StoreError) -> RunSnapshot? {
        try value(run)?.snapshot(run, now: clock(), rules)
    }

    func properties(of run: RunID) throws(StoreError) -> [(name: String, text: String)]? {
        try value(run)?.properties()
    }

    func file(_ path: DataPath, of run: RunID) -> (any Blob)? { value(run)?.shownFile(path) }

    func files(below folder: DataPath, of run: RunID) -> [(path: DataPath, size: Int)] {
        (value(run)?.metadata(below: folder) ?? []).map { ($0.path, $0.file.size) }
    }

    func file(_ path: ArtifactPath?, of run: RunID, page: FolderPage.Request) throws(StoreError) -> RunFile? {
        guard let files = value(run)?.shownFiles() else { throw .unknownRun }
        if let file = files.first(where: { $0.path == path })?.file { return .file(file) }
        return FolderPage(of: path, files.map { ($0.path, $0.file) }, page).map { .folder($0) }
    }

    func metrics(
        _ selection: MetricsSelection, of run: RunID, while isWanted: () -> Bool
    ) throws(StoreError) -> (any MetricsReading)? {
        if !isWanted() { throw .abandoned }
        guard let rows = try value(run)?.rows() else { return nil }
        return try rows.table().reading(selection, of: rows)
    }

    func series(
        _ selection: SeriesSelection, of runs: [RunID], while isWanted: @Sendable () -> Bool
    ) throws(StoreError) -> [[MetricsSeries]] {
        let unknown = runs.filter { value($0) == nil }
        if !unknown.isEmpty { throw .unknownRuns(unknown) }
        return try runs.map { run throws(StoreError) in
            if !isWanted() { throw .abandoned }
            let table = try value(run)?.rows()?.table()
            return try table?.series(selection, of: run, start: snapshot(of: run)?.summary.start ?? 0) ?? []
        }
    }

    func bundle(of run: RunID) throws(StoreError) -> any RunBundle {
        guard let value = value(run) else { throw .unknownRun }
        return MemoryBundle(run, value.shownFiles())
    }

    func localMetadata(of target: RunTarget, in folder: StagingFolder) throws(StoreError) -> LocalMetadata? {
        let state = state
        guard let run = state.runs[state.resolved(target)] else { return nil }
        let path = try folder.write(run.metadata().map { ($0.path, $0.file) })
        return LocalMetadata(path: path) { run.version(of: $0) }
    }
}

/// The files of a run as they were when it was asked for.
private final class MemoryBundle: RunBundle {
    let run: RunID
    let entries: [BundleEntry]
    private let files: [MemoryFile]

    init(_ run: RunID, _ files: [(path: ArtifactPath, file: MemoryFile)]) {
        (self.run, self.files) = (run, files.map(\.file))
        entries = files.map { path, file in
            BundleEntry(
                path: Array(path.description.utf8), isFolder: false, mode: 0o644, modified: Int(file.modified))
        }
    }

    func open(_ index: Int) -> (any Blob)? { files[index] }
}
