internal import Glibc
internal import JSON
internal import Limits
internal import LocalFiles
package import RunMetadata
package import RunStore
internal import Threads

extension PostgresRunStore {
    /// Begins to import a run.
    /// - Parameter folder: a local folder for large files on their way to the object store
    /// - Throws: `IntakeRefusal` if a run with that id exists, or the database cannot be reached
    package func intake(of run: RunID, spooling folder: String) throws -> PostgresIntake {
        try PostgresIntake(of: run, into: self, spooling: folder)
    }
}

/// Imports a run into the database in one transaction: the run appears whole, or not at all.
///
///     let intake = try store.intake(of: run, spooling: folder)
///     try BundleReader.copy(bundle, into: intake, budget: budget)
///     _ = try intake.finish(in: .initialised)
///
/// Bytes go to the database as they arrive, so that a run of any size takes little memory. Other writes do not wait:
/// the run is locked only for the last two round trips. Files are kept byte for byte, with their times; nothing is
/// added to them.
package final class PostgresIntake: RunIntake {
    private let run: RunID
    private let store: PostgresRunStore
    private let folder: String
    private let connection: Connection
    private let pieces: IncomingPieces
    private let parser = JSONParser()
    private var files: [ArtifactPath: KnownFile] = [:]
    private var folders: Set<String> = []
    private var columns = RowColumns()
    /// `metrics.json`, and when it was written. If there are rows too, it may have been made from them.
    private var frame: (bytes: [UInt8], modified: Double)?
    private var uploads = UploadedObjects()
    private var spooled = 0
    private var isDone = false

    fileprivate init(of run: RunID, into store: PostgresRunStore, spooling folder: String) throws {
        (self.run, self.store, self.folder) = (run, store, folder)
        connection = try store.database.connect()
        connection.patience = max(connection.patience, 60)
        pieces = IncomingPieces(of: run.description, on: connection)
        // A file may take long to arrive or to be uploaded. Nothing is locked in that time.
        try connection.run(Statement("SET idle_in_transaction_session_timeout = 0"))
        let there = try connection.run(Statement("SELECT place FROM runs WHERE run = $1", .text(run.description)))
        if there.count > 0 { throw refusal(RunPlace(rawValue: UInt8(there.int(0, 0)))) }
        try connection.run(.begin)
    }

    deinit {
        // The transaction ends with the connection.
        if isDone || uploads.isEmpty { return }
        _ = try? store.pool.read { connection throws(DatabaseError) in
            try connection.run(ObjectNotes.giveUp(uploads.all))
        }
    }

    private func refusal(_ place: RunPlace?) -> IntakeRefusal {
        .isThere(run, as: place == .archived ? "an archived" : place == .pending ? "a pending" : "a")
    }

    // MARK: Files

    package func addFolder(_ path: String, modified: Int) throws { folders.insert(path) }

    package func addFile(
        _ path: String, mode: UInt32, modified: Int,
        _ content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        guard let place = ArtifactPath(path) else {
            throw IntakeRefusal("\"\(path.shown())\" cannot be in the database: \(ArtifactPath.rule)")
        }
        if path.utf8.count > BatchDraft.longestPath.most {
            throw IntakeRefusal("\"\(path.shown(atMost: 100))\" is \(LimitExceeded(BatchDraft.longestPath))")
        }
        if place.dataPath == .metricsFrame {
            var bytes: [UInt8] = []
            try content { part in
                if bytes.count + part.count > heldMetrics.most {
                    throw IntakeRefusal("\"\(path)\" is \(LimitExceeded(heldMetrics))")
                }
                bytes += part
            }
            frame = (bytes, Double(modified))
            return
        }
        let isRows = place.dataPath == .metricsRows
        let file = IncomingFile(
            largeFrom: store.settings.objects != nil && !place.isOfPieces ? store.settings.leastObject : nil,
            most: place.isOfPieces || store.settings.objects != nil ? nil : BatchDraft.largestFile, pieces
        ) { [self] in
            spooled += 1
            return try StagingFile(directory: folder, name: "\(getpid())-\(monotonicNanoseconds())-\(spooled)")
        }
        do {
            var names = isRows ? IncomingColumns(parser) : nil
            try content { part in
                names?.take(part)
                try file.take(part)
            }
            if let names {
                guard names.isWhole else {
                    throw IntakeRefusal("\"\(path)\" ends within a row; `rundir check --repair` cuts that off")
                }
                columns = names.columns
            }
        } catch let excess as LimitExceeded {
            throw IntakeRefusal(
                "\"\(path.shown(atMost: 200))\" is \(excess), the most that is kept in the database; larger files need --artifacts"
            )
        }
        if let staged = file.staged {
            files[place] = try upload(staged, file.size, Double(modified))
        } else {
            files[place] = KnownFile(content: try file.end(), size: file.size, modified: Double(modified))
        }
    }

    /// Uploads a file as an object.
    private func upload(_ staged: StagingFile, _ size: Int, _ modified: Double) throws -> KnownFile {
        try staged.finish()
        let object = UploadedObjects.Object(fresh: size, of: run.description)
        _ = try store.pool.read { connection throws(DatabaseError) in
            try connection.run(ObjectNotes.begin([object]))
        }
        uploads.add(object, ofFileAt: staged.path)
        try store.settings.objects?.put(staged.path, size: size, as: object.name)
        return KnownFile(content: try pieces.freshContent(), size: size, modified: modified, object: object.name)
    }

    // MARK: Finishing

    package func finish(in place: RunPlace) throws -> [String] {
        let hasMetadata = files.keys.contains { $0.isMetadata } || folders.contains(RunLayout.dataDirectory)
        guard hasMetadata || frame != nil else { throw IntakeRefusal.isNoRun }
        let leftOut = try settleMetrics() + emptyFolders
        try pieces.flush()
        let write = WaitingWrite(RunWrite(.run(run), .change([])), uploads, since: monotonicNanoseconds()) { _, _ in }
        let batch = Batch([write], on: connection, Committer.Settings(), ColumnMemory(), now: store.clock())
        try batch.begin(isBegun: true)
        if let there = batch.runs[run.description], there.isThere { throw refusal(there.place) }
        // If an upload took over a day, its object has been given up, and the run is refused.
        for path in uploads.byFile.keys { _ = try batch.object(ofFileAt: path) }
        batch.add(arrived(in: place))
        do throws(DatabaseError) { try connection.commit(batch.commitStatements) } catch {
            guard error.isLost else { throw error }
            try findOut(batch, error)
        }
        isDone = true
        return leftOut
    }

    /// The run as it will be stored.
    private func arrived(in place: RunPlace) -> WorkingRun {
        var value = WorkingRun(key: run.description)
        (value.isThere, value.hasAll, value.place, value.files) = (true, true, place, files)
        value.modified = files.filter(\.key.isMetadata).values.map(\.modified).max() ?? store.clock()
        value.bytes = files.values.reduce(0) { $0 + $1.size }
        if value.file(.metricsRows) != nil { value.columns = columns }
        return value
    }

    /// After the connection was lost during the commit: asks for some seconds whether the run was committed.
    private func findOut(_ batch: Batch, _ error: DatabaseError) throws {
        let end = monotonicNanoseconds() + UInt64(store.settings.patience * 1e9)
        while monotonicNanoseconds() < end {
            if let other = try? store.database.connect(), let isCommitted = try? batch.isCommitted(on: other) {
                if isCommitted { return }
                throw IntakeRefusal("the connection to the database was lost: \(error.message); import the run again")
            }
            usleep(50_000)
        }
        throw IntakeRefusal(
            "the connection to the database was lost during the commit: \(error.message); look whether the run is there"
        )
    }

    /// Decides which file has the metrics if there are both rows and a frame. A frame is made from the rows whenever it
    /// is read. If another program has written the frame since, the frame counts, and the rows are kept as earlier
    /// ones.
    /// - Returns: descriptions of what was changed
    private func settleMetrics() throws -> [String] {
        guard let frame else { return [] }
        let (rowsPath, earlierPath) = (ArtifactPath(.metricsRows), ArtifactPath(.earlierMetricsRows))
        var told: [String] = []
        if let rows = files[rowsPath] {
            guard frame.modified >= rows.modified else { return [] }
            let text = try pieces.read(rows)
            let likeness = frame.bytes.withUnsafeBytes { frame in
                text.withUnsafeBytes { MetricsLikeness(ofFrame: frame, toRows: $0) }
            }
            switch likeness {
            case .same, .earlier: return []
            case nil: return ["\(DataPath.metricsFrame), which is no data frame; the rows count"]
            case .other:
                if let older = files[earlierPath] { try pieces.drop(older) }
                files[earlierPath] = files.removeValue(forKey: rowsPath)
                told = [
                    "\(DataPath.metricsRows), which \(DataPath.metricsFrame) has replaced: it is \(DataPath.earlierMetricsRows) now"
                ]
            }
        }
        let content = try pieces.freshContent()
        try pieces.add(frame.bytes, to: content, at: 0)
        files[ArtifactPath(.metricsFrame)] = KnownFile(
            content: content, size: frame.bytes.count, modified: frame.modified)
        return told
    }

    /// Folders without a file, which the database cannot store.
    private var emptyFolders: [String] {
        var used: Set<String> = [RunLayout.dataDirectory]
        for path in files.keys {
            for folder in sequence(first: path, next: \.parent).dropFirst() { used.insert(folder.description) }
        }
        // Folders of standard types are made and removed automatically.
        let empty = folders.subtracting(used).filter { ArtifactPath($0)?.dataPath?.isOfStandardType != true }
        return empty.sorted().map { "the folder \"\($0.shown())\", which is empty" }
    }
}

extension ArtifactPath {
    /// Whether the file is metadata of a standard type. Such files are appended to or combined, so they are never
    /// objects.
    fileprivate var isOfPieces: Bool {
        guard let path = dataPath else { return false }
        return path == .earlierMetricsRows || path.isOfStandardType && path != .source
    }
}
