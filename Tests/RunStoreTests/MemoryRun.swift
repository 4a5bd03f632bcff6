import JSON
import LocalFiles
import RunMetadata
import RunStore

/// A run, or what waits for a session's next one.
struct MemoryRun: Sendable {
    enum Place { case pending, initialised, archived }

    var place = Place.pending
    /// By their paths in the run's directory. Where there are rows, their frame is made when it is read.
    var files: [[UInt8]: MemoryFile] = [:]
    /// When its metadata changed, seconds since 1970.
    private(set) var modified = 0.0

    /// The bytes of a file of metadata. Of the frame and the rows, what is written last counts.
    subscript(path: DataPath) -> [UInt8]? {
        get { files[path.inRun]?.bytes }
        set {
            files[path.inRun] = newValue.map { MemoryFile($0) }
            if path == .metricsFrame, newValue != nil { files[DataPath.metricsRows.inRun] = nil }
            modified = wallClock()
        }
    }

    mutating func append(_ bytes: [UInt8], to path: DataPath, head: [UInt8] = []) {
        let there = files[path.inRun]
        files[path.inRun] = MemoryFile((there?.bytes ?? head) + bytes, continuing: there)
        modified = wallClock()
    }

    /// Text of a property.
    subscript(property: PropertyName) -> String? {
        get { self[.property(property)].map { PropertyText.read($0) } }
        set { self[.property(property)] = newValue.map { PropertyText.file($0) } }
    }

    // MARK: Reading

    private var rowsFile: MemoryFile? { files[DataPath.metricsRows.inRun] }
    private var frameFile: MemoryFile? { files[DataPath.metricsFrame.inRun] }
    var metricsFile: MemoryFile? { rowsFile ?? frameFile }
    private var frame: MemoryFile? { rowsFile.map { MemoryFile($0.withRows(\.text), madeOf: $0) } ?? frameFile }

    /// The rows of its metrics.
    func rows() throws(StoreError) -> MemoryFile? {
        guard rowsFile == nil, let frameFile else { return rowsFile }
        guard let rows = frameFile.withFrame(\.rows) else { throw .unreadable("metrics.json is no data frame") }
        return MemoryFile(rows, madeOf: frameFile)
    }

    /// The files in a folder and below, by name, the frame of rows among them.
    func files(below folder: [UInt8] = []) -> [(path: [UInt8], file: MemoryFile)] {
        var all = files
        all[DataPath.metricsFrame.inRun] = frame
        let prefix = folder.isEmpty ? [] : folder + [slash]
        return all.filter { $0.key.starts(with: prefix) }.map { ($0.key, $0.value) }.sorted {
            $0.path.lexicographicallyPrecedes($1.path)
        }
    }

    /// A file; of a list that was not written as it was sent, the exact one.
    func file(_ path: DataPath) -> MemoryFile? {
        if let sent = path.sent.flatMap({ files[$0.inRun] }), NamedListFiles(sent: sent.bytes)?.file == self[path] {
            return sent
        }
        return path == .metricsFrame ? frame : files[path.inRun]
    }

    /// The paths of its metadata, by name.
    private var paths: [DataPath] {
        let made: [DataPath] = rowsFile == nil ? [] : [.metricsFrame]
        return (files.keys.compactMap { DataPath(inRun: $0) } + made).sorted { $0.description < $1.description }
    }

    /// The names of properties that have a file.
    var propertyNames: [PropertyName] { paths.compactMap(\.property) }

    var properties: [(name: String, text: String)] {
        propertyNames.compactMap { name in
            guard let file = self[.property(name)], !(name.keepsPlace && file.isEmpty),
                !ConsoleOutput.isTooLong(name.description, size: file.count)
            else { return nil }
            return (name.description, PropertyText.read(file, of: name))
        }
    }

    var hasEnded: Bool { self[.end].map { !TypedProperty.isMissing($0) } ?? false }

    func snapshot(_ run: RunID, now: Double) -> RunSnapshot {
        let objects = [DataPath.flags, .evaluation, .error].map { files[$0.inRun]?.object }
        let digest = rowsFile.map { $0.withRows(\.digest) } ?? frameFile?.withFrame(\.digest)
        let summary = RunSummary(
            run: run, properties: properties, flags: objects[0], evaluation: objects[1], error: objects[2],
            digest: digest)
        let updated = summary.updated(modified)
        let status: RunStatus =
            switch place {
            case .pending: .pending
            case .archived: .archived
            case .initialised: summary.status(updated: updated, now: now, staleAfter: 3600)
            }
        return RunSnapshot(
            run: run, status: status, updated: updated, summary: summary, files: paths)
    }
}

let slash = UInt8(ascii: "/")

extension ArtifactPath {
    var bytes: [UInt8] { Array(description.utf8) }
}

extension DataPath {
    private static let folder = Array("\(RunLayout.dataDirectory)/".utf8)

    /// The path in the run's directory.
    var inRun: [UInt8] { Self.folder + Array(description.utf8) }

    /// Nil where the path is of no metadata.
    init?(inRun path: [UInt8]) {
        guard path.starts(with: Self.folder) else { return nil }
        self.init(String(decoding: path.dropFirst(Self.folder.count), as: UTF8.self))
    }
}
