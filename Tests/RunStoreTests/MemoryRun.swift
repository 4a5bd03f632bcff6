import JSON
import Limits
import LocalFiles
import RunMetadata
import RunStore

/// A run, or what waits for a session's next one.
struct MemoryRun: Sendable {
    var place = RunPlace.pending
    /// By their paths in the run's directory. Where there are rows, their frame is made when it is read.
    var files: [ArtifactPath: MemoryFile] = [:]
    /// When its metadata changed, seconds since 1970.
    private(set) var modified = 0.0

    /// The bytes of a file of metadata. Of the frame and the rows, what is written last counts.
    subscript(path: DataPath) -> [UInt8]? {
        get { files[ArtifactPath(path)]?.bytes }
        set {
            files[ArtifactPath(path)] = newValue.map { MemoryFile($0) }
            if path == .metricsFrame, newValue != nil { files[ArtifactPath(.metricsRows)] = nil }
            modified = wallClock()
        }
    }

    mutating func append(_ bytes: [UInt8], to path: DataPath, head: [UInt8] = []) {
        let there = files[ArtifactPath(path)]
        files[ArtifactPath(path)] = MemoryFile((there?.bytes ?? head) + bytes, continuing: there)
        modified = wallClock()
    }

    /// What waits is as old as its youngest file of any kind.
    mutating func noteArtifact() { if place == .pending { modified = wallClock() } }

    /// Text of a property.
    subscript(property: PropertyName) -> String? {
        get { self[.property(property)].map { PropertyText.read($0) } }
        set { self[.property(property)] = newValue.map { PropertyText.file($0) } }
    }

    // MARK: Reading

    private var rowsFile: MemoryFile? { files[ArtifactPath(.metricsRows)] }
    private var frameFile: MemoryFile? { files[ArtifactPath(.metricsFrame)] }
    var metricsFile: MemoryFile? { rowsFile ?? frameFile }
    private var frame: MemoryFile? {
        rowsFile.map { rows in MemoryFile(rows.withFrame(isRows: true, \.text) ?? [], madeOf: rows) } ?? frameFile
    }

    /// The rows of its metrics.
    func rows() throws(StoreError) -> MemoryFile? {
        guard rowsFile == nil, let frameFile else { return rowsFile }
        let all = Limit(.bytes, most: .max)
        guard let rows = frameFile.withFrame(isRows: false, { try? $0.rows(atMost: all) }) ?? nil else {
            throw .unreadable("metrics.json is no data frame")
        }
        return MemoryFile(rows, madeOf: frameFile)
    }

    /// The files in a folder and below, by name, the frame of rows among them.
    func files(below folder: ArtifactPath? = nil) -> [(path: ArtifactPath, file: MemoryFile)] {
        var all = files
        all[ArtifactPath(.metricsFrame)] = frame
        return all.filter { $0.key.isBelow(folder) }.map { ($0.key, $0.value) }.sorted {
            $0.path.description.utf8.lexicographicallyPrecedes($1.path.description.utf8)
        }
    }

    /// The files of metadata below a folder, or all of them.
    func metadata(below folder: DataPath? = nil) -> [(path: DataPath, file: MemoryFile)] {
        files(below: folder.map { ArtifactPath($0) }).compactMap { path, file in path.dataPath.map { ($0, file) } }
    }

    /// Which content a folder of metadata has; nil where there is none.
    func version(of folder: DataPath) -> BlobVersion? {
        let numbers = metadata(below: folder).map { String($0.file.number, radix: 16) }
        return numbers.isEmpty ? nil : BlobVersion(numbers.joined(separator: "-"))
    }

    /// A file; of a list that was not written as it was sent, the exact one.
    func file(_ path: DataPath) -> MemoryFile? {
        let sent = path.sent.flatMap { files[ArtifactPath($0)] }
        if let sent, NamedListFiles(sent: sent.bytes)?.file == self[path] { return sent }
        return path == .metricsFrame ? frame : files[ArtifactPath(path)]
    }

    /// The names of properties that have a file.
    var propertyNames: [PropertyName] {
        files.keys.compactMap { $0.dataPath?.property }.sorted { $0.description < $1.description }
    }

    var properties: [(name: String, text: String)] {
        propertyNames.compactMap { name in
            guard let file = self[.property(name)], !(name.keepsPlace && file.isEmpty),
                !ConsoleOutput.isTooLong(name.description, size: file.count)
            else { return nil }
            return (name.description, PropertyText.read(file, of: name))
        }
    }

    var hasEnded: Bool { self[.end].map { !TypedProperty.isMissing($0) } ?? false }

    func snapshot(_ run: RunID, now: Double, _ rules: RunRules) -> RunSnapshot {
        let objects = [DataPath.flags, .evaluation, .error].map { files[ArtifactPath($0)]?.object }
        let summary = RunSummary(
            run: run, properties: properties, flags: objects[0], evaluation: objects[1], error: objects[2],
            digest: metricsFile?.withFrame(isRows: rowsFile != nil, \.digest).flatMap(\.self))
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
