import JSON
import LocalFiles
import RunMetadata
import RunStore

/// A run, or what waits for a session's next one.
struct MemoryRun: RunDraft, Sendable {
    var place = RunPlace.pending
    /// Who made it (`RunWrite.sender`).
    var sender: String?
    var isThere = false
    var touched: Set<ArtifactPath> = []
    private(set) var modified = 0.0
    private(set) var files: [ArtifactPath: MemoryFile] = [:]

    // MARK: Writing

    private mutating func set(_ file: MemoryFile?, at path: ArtifactPath) {
        files[path] = file
        touched.insert(path)
        if path.isMetadata || place == .pending { modified = wallClock() }
    }

    mutating func put(_ bytes: [UInt8]?, at path: ArtifactPath) { set(bytes.map { MemoryFile($0) }, at: path) }

    mutating func put(fileAt place: String, at path: ArtifactPath) throws(StoreError) {
        put(try StagingFile.contents(of: place), at: path)
    }

    mutating func append(_ bytes: [UInt8], to path: DataPath, head: [UInt8]) {
        let there = file(path)
        set(MemoryFile((there?.bytes ?? head) + bytes, continuing: there), at: ArtifactPath(path))
    }

    mutating func move(_ path: DataPath, to other: DataPath) {
        set(file(path), at: ArtifactPath(other))
        put(nil, at: ArtifactPath(path))
    }

    mutating func take(_ path: ArtifactPath, of waiting: MemoryRun, isAppended: Bool) {
        guard let file = waiting.files[path] else { return }
        if isAppended, let data = path.dataPath { append(file.bytes, to: data, head: []) } else { set(file, at: path) }
    }

    // MARK: Reading

    func bytes(_ path: DataPath) -> [UInt8]? { file(path)?.bytes }

    var metricsFile: MemoryFile? { file(.metricsRows) ?? file(.metricsFrame) }

    /// What the frame of its metrics says.
    func withMetrics<Result>(_ body: (MetricsFrame) -> Result) -> Result? {
        metricsFile?.withFrame(isRows: file(.metricsRows) != nil, body)
    }

    /// The rows of its metrics.
    func rows() throws(StoreError) -> MemoryFile? {
        guard file(.metricsRows) == nil, let frame = file(.metricsFrame) else { return file(.metricsRows) }
        return MemoryFile(try MetricsFrame.storedRows(ofFrame: frame.bytes), madeOf: frame)
    }

    /// Its files by name, the frame of rows among them.
    func shownFiles(below folder: ArtifactPath? = nil) -> [(path: ArtifactPath, file: MemoryFile)] {
        var all = files
        if let rows = file(.metricsRows) {
            all[ArtifactPath(.metricsFrame)] = MemoryFile(withMetrics(\.text) ?? [], madeOf: rows)
        }
        return all.filter { $0.key.isBelow(folder) }.map { ($0.key, $0.value) }.sorted {
            $0.path.description.utf8.lexicographicallyPrecedes($1.path.description.utf8)
        }
    }

    /// The same of metadata alone.
    func metadata(below folder: DataPath? = nil) -> [(path: DataPath, file: MemoryFile)] {
        shownFiles(below: folder.map { ArtifactPath($0) }).compactMap { path, file in path.dataPath.map { ($0, file) } }
    }

    /// A file as it is read; of a list that was not written as it was sent, the exact one.
    func shownFile(_ path: DataPath) -> MemoryFile? {
        if let sent = path.sent, let exact = try? self.exact(path), exact == bytes(sent) { return file(sent) }
        return path == .metricsFrame ? shownFiles().first { $0.path.dataPath == path }?.file : file(path)
    }

    func snapshot(_ run: RunID, now: Double, _ rules: RunRules) throws(StoreError) -> RunSnapshot {
        let objects = [DataPath.flags, .evaluation, .error].map { file($0)?.object }
        let summary = RunSummary(
            run: run, properties: try properties(), flags: objects[0], evaluation: objects[1], error: objects[2],
            digest: withMetrics(\.digest) ?? nil)
        let updated = summary.updated(modified)
        let status: RunStatus =
            switch place {
            case .pending: .pending
            case .archived: .archived
            case .initialised: summary.status(updated: updated, now: now, staleAfter: rules.staleAfter)
            }
        return RunSnapshot(
            run: run, status: status, updated: updated, summary: summary, files: metadata().map(\.path))
    }
}
