import Glibc
import LocalFiles
import RunMetadata
import RunStore
import Synchronization

/// A run store in memory, for tests.
final class MemoryRunStore: RunStore {
    /// Seconds since 1970.
    let clock: @Sendable () -> Double
    private let feed = LocalChangeFeed()
    private let kept: Mutex<(state: MemoryState, isClosed: Bool)>

    /// - Parameter state: what an earlier store kept
    init(_ state: MemoryState = MemoryState(), clock: @escaping @Sendable () -> Double) {
        self.clock = clock
        kept = Mutex((state, false))
    }

    var changes: any ChangeFeed { feed }

    /// Takes no write any more.
    func close() { kept.withLock { $0.isClosed = true } }

    /// All that is kept now.
    var state: MemoryState { kept.withLock(\.state) }

    func submit(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void) {
        let result = kept.withLock { kept in
            Result { () throws(StoreError) in
                if kept.isClosed { throw .stopping }
                let before = kept.state
                var after = before
                let outcome = try after.apply(write, now: clock())
                kept.state = after
                if feed.isWatched, let run = outcome.run {
                    feed.append(
                        RunChange.changes(of: run, from: before.folders[.run(run)], to: after.folders[.run(run)]))
                }
                return outcome
            }
        }
        completion(result)
    }

    func resolve(_ target: RunTarget) -> RunID? { state.resolved(target).run }

    // MARK: Reading a run

    private func value(_ run: RunID) -> MemoryRun? { state.folders[.run(run)] }

    func snapshot(of run: RunID) -> RunSnapshot? { value(run)?.snapshot(run, now: clock()) }
    func properties(of run: RunID) -> [(name: String, text: String)]? { value(run)?.properties }
    func file(_ path: DataPath, of run: RunID) -> (any Blob)? { value(run)?.file(path) }

    func files(below folder: DataPath, of run: RunID) -> [(path: DataPath, size: Int)] {
        (value(run)?.files(below: folder.inRun) ?? []).compactMap { path, file in
            DataPath(inRun: path).map { ($0, file.size) }
        }
    }

    func file(_ path: ArtifactPath?, of run: RunID, page: FolderPage.Request) throws(StoreError) -> RunFile? {
        guard let run = value(run) else { throw .unknownRun }
        let folder = path.map { $0.bytes } ?? []
        if let file = run.files().first(where: { $0.path == folder })?.file { return .file(file) }
        var entries: [(name: [UInt8], entry: FolderPage.Entry)] = []
        for (full, file) in run.files(below: folder) {
            let below = full.dropFirst(path == nil ? 0 : folder.count + 1)
            let name = Array(below.prefix { $0 != slash })
            if entries.last?.name == name { continue }
            let text = String(decoding: full.dropLast(below.count - name.count), as: UTF8.self)
            let isFolder = name.count < below.count
            entries.append(
                (
                    name,
                    FolderPage.Entry(
                        text: text, path: ArtifactPath(text), isFolder: isFolder, size: isFolder ? 0 : file.size,
                        modified: file.modified)
                ))
        }
        if path != nil, entries.isEmpty { return nil }
        let left = entries.filter { entry in page.after.map { $0.lexicographicallyPrecedes(entry.name) } ?? true }
        let shown = left.prefix(page.limit)
        return .folder(FolderPage(entries: shown.map(\.entry), next: left.count > shown.count ? shown.last?.name : nil))
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
        var all: [[MetricsSeries]] = []
        for run in runs {
            if !isWanted() { throw .abandoned }
            let table = try value(run)?.rows()?.table()
            all.append(try table?.series(selection, of: run, start: snapshot(of: run)?.start) ?? [])
        }
        return all
    }

    func bundle(of run: RunID) throws(StoreError) -> any RunBundle {
        guard let value = value(run) else { throw .unknownRun }
        return MemoryBundle(run, value.files())
    }

    func localMetadata(of target: RunTarget, in folder: StagingFolder) throws(StoreError) -> String? {
        let state = state
        guard let run = state.folders[state.resolved(target)] else { return nil }
        let top = "\(folder.path)/\(RunLayout.dataDirectory)"
        do throws(FileFailure) {
            try Files.removeTree(top)
            try Files.makeDirectories(top)
            for (path, file) in run.files() where DataPath(inRun: path) != nil {
                let place = "\(folder.path)/\(String(decoding: path, as: UTF8.self))"
                try Files.makeDirectories(place.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" })
                let descriptor = try Files.open(place, O_WRONLY | O_CREAT | O_EXCL)
                defer { Glibc.close(descriptor) }
                try Files.write(file.bytes, to: descriptor, at: 0, path: place)
            }
        } catch { throw StoreError(local: error) }
        return top
    }
}

/// The files of a run as they were when it was asked for.
private final class MemoryBundle: RunBundle {
    let run: RunID
    let entries: [BundleEntry]
    private let files: [MemoryFile]

    init(_ run: RunID, _ files: [(path: [UInt8], file: MemoryFile)]) {
        (self.run, self.files) = (run, files.map(\.file))
        entries = files.map {
            BundleEntry(path: $0.path, isFolder: false, mode: 0o644, modified: Int($0.file.modified))
        }
    }

    func open(_ index: Int) -> (any Blob)? { files[index] }
}
