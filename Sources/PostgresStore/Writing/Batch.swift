internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Writes that become one transaction. First the runs that they touch are locked, and what is known of them is read.
/// Then the writes are done in memory, one after the other. Then all changes go to the database together, with the
/// commit.
///
/// Locks are on runs and sessions, not on rows (pg_advisory_xact_lock), so that runs that do not exist yet can be
/// locked too. All servers take them in the same order: sessions, then runs by lock number.
final class Batch {
    let connection: Connection
    let waiting: [WaitingWrite]
    let rules: RunRules
    /// The columns of rows that the server remembers.
    let memory: ColumnMemory
    lazy var parser = JSONParser()
    /// Seconds since 1970.
    let now: Double

    var runs: [String: WorkingRun] = [:]
    /// The active runs of sessions: as read from the database, then as changed by the writes.
    var sessions: [SessionName: ActiveRun] = [:]
    var changedSessions: Set<SessionName> = []
    /// Keys of runs that the database has and that the batch removes.
    var removed: Set<String> = []
    var pieces: [Piece] = []
    var copies: [PieceCopy] = []
    var events: [Event] = []
    /// The runs as they were when the batch began.
    private(set) var loaded: [String: WorkingRun] = [:]
    /// The counts of all runs in the database; nil if they have no limit.
    private(set) var totals: RunCounts?
    /// The batch's changes of these counts.
    var counts = RunCounts()
    /// The numbers of pending runs in the database, by sender and in all (key nil), as far as they were read.
    var storedPending: [String?: Int] = [:]
    /// Run ids of one second that are taken already.
    var takenStamps: Set<String> = []
    /// The transaction's number in the database. It is used to ask whether the transaction has ended.
    private(set) var transaction = ""
    /// A random number that the database stores if the batch was committed. After a crash, the database may give a
    /// transaction's number again, so that number alone does not show whose commit it was.
    let number = Int.random(in: 1...Int.max)
    private var nextContent = 0
    private var endOfContents = 0
    /// The objects that the writes' large files have become, reduced to those that may still be given to files.
    private(set) var uploads = UploadedObjects()
    private(set) var takable: Set<String> = []
    /// The reserved numbers of contents, by object name.
    private(set) var reserved: [String: Int] = [:]
    /// The reservations of the writes that asked for one, by index.
    var reservations: [Int: Reservation] = [:]
    /// The number of the last event before the batch, and the changes since uploads were asked for.
    private(set) var lastEvent = 0
    private(set) var changes = PathChanges()
    /// The failure of a read during a write. The batch cannot continue after it.
    private(set) var failure: DatabaseError?

    /// Which run is active in a session, and when it became so.
    struct ActiveRun {
        let run: String
        let activation: Int
    }

    init(
        _ waiting: [WaitingWrite], on connection: Connection, _ settings: Committer.Settings, _ memory: ColumnMemory,
        now: Double
    ) {
        (self.waiting, self.connection, self.memory, self.now) = (waiting, connection, memory, now)
        rules = settings.rules
        for write in waiting {
            uploads.add(write.uploads)
            reserved.merge(write.uploads.reservation?.contents ?? [:]) { $1 }
        }
    }

    /// A content id. Each id is new, and greater than all earlier ones.
    func freshContent() -> Int {
        if nextContent == endOfContents {
            // If this fails, so does the batch.
            nextContent = (try? ask(Statement("SELECT nextval('contents')")).int(0, 0)) ?? nextContent
            endOfContents = nextContent + Schema.contentsOfBatch
        }
        nextContent += 1
        return nextContent - 1
    }

    // MARK: Reading

    /// Takes the locks, and reads what is known of the runs.
    /// - Parameter isBegun: whether the connection is already in a transaction, which the batch ends
    func begin(isBegun: Bool = false) throws(DatabaseError) {
        let needs = BatchNeeds(waiting.map(\.write), stamp: RunID.stamp(of: now), rules)
        let uploaded = waiting.filter { !$0.isReserving }.flatMap(\.uploads.all)
        let places = waiting.compactMap(\.uploads.reservation)
        let locked = uploaded.isEmpty ? [] : [PathChanges.statement(since: places), ObjectNotes.lock(uploaded)]
        let found = try connection.run((isBegun ? [] : [.begin]) + needs.statements + locked)
        let rows = Array(found.dropFirst(isBegun ? 0 : 1))
        // In the order of `BatchNeeds.statements`.
        transaction = rows[needs.lockCount].text(0, 0)
        nextContent = rows[needs.lockCount].int(0, 1)
        endOfContents = nextContent + Schema.contentsOfBatch
        lastEvent = rows[needs.lockCount].int(0, 2)
        let (sessionRows, runRows, fileRows, stamps) = (
            rows[needs.lockCount + 1], rows[needs.lockCount + 2], rows[needs.lockCount + 3], rows[needs.lockCount + 4]
        )
        for row in 0..<sessionRows.count {
            guard let session = SessionName(sessionRows.text(row, 0)) else { continue }
            sessions[session] = ActiveRun(run: sessionRows.text(row, 1), activation: sessionRows.int(row, 2))
        }
        for key in needs.keys { runs[key] = WorkingRun(key: key) }
        for row in 0..<runRows.count {
            var run = WorkingRun(key: runRows.text(row, 0))
            (run.isStored, run.isThere) = (true, true)
            run.place = RunPlace(rawValue: UInt8(runRows.int(row, 1))) ?? .pending
            (run.activation, run.modified) = (runRows.int(row, 2), runRows.double(row, 3))
            run.bytes = runRows.int(row, 4)
            run.sender = runRows.isNull(row, 5) ? nil : runRows.text(row, 5)
            runs[run.key] = run
        }
        for row in 0..<fileRows.count { note(fileRows, row, of: fileRows.text(row, 0)) }
        for key in runs.keys where needs.needsAll(of: key, sessions) || runs[key]?.isStored == false {
            runs[key]?.hasAll = true
        }
        for row in 0..<stamps.count { takenStamps.insert(stamps.text(row, 0)) }
        if needs.needsTotals {
            let sums = rows[rows.count - 1 - locked.count]
            totals = RunCounts(runs: sums.int(0, 0), bytes: sums.int(0, 1))
        }
        try readColumns()
        takable = Set(waiting.filter(\.isReserving).flatMap { $0.uploads.all.map(\.name) })
        if !locked.isEmpty {
            changes = PathChanges(rows[rows.count - 2])
            let names = rows[rows.count - 1]
            takable.formUnion((0..<names.count).map { names.text($0, 0) })
        }
        loaded = runs
    }

    /// Notes a file from a row with the columns run, path, content, size, modified, bytes, object.
    private func note(_ rows: Rows, _ row: Int, of key: String) {
        guard let path = ArtifactPath(rows.text(row, 1)) else { return }
        let file = KnownFile(
            content: rows.int(row, 2), size: rows.int(row, 3), modified: rows.double(row, 4), bytes: rows.bytes(row, 5),
            object: rows.isNull(row, 6) ? nil : rows.text(row, 6))
        runs[key]?.files[path] = file
        runs[key]?.stored[path] = file
    }

    /// Reads all metadata of a run, if only a part was read.
    func load(_ key: String) throws(StoreError) {
        guard let run = runs[key], !run.hasAll else { return }
        let rows = try ask(Statement(BatchNeeds.allFiles, .texts([key])))
        // The batch's own changes are newer.
        for row in 0..<rows.count {
            guard let path = ArtifactPath(rows.text(row, 1)), run.stored[path] == nil else { continue }
            note(rows, row, of: key)
        }
        runs[key]?.hasAll = true
    }

    /// Reads the artifact at a path, above it and below it.
    func loadArtifact(_ path: ArtifactPath, into run: inout WorkingRun) throws(StoreError) {
        guard run.isStored, run.stored[path] == nil, !path.isMetadata else { return }
        let above = sequence(first: path, next: \.parent).map(\.description)
        // Of the files below, one that is not known yet: the batch may have removed the known ones.
        let known = run.stored.keys.filter { $0.isBelow(path) }.map(\.description)
        let rows = try ask(
            Statement(
                """
                (SELECT run, path, content, size, modified, object FROM files WHERE run = $1 AND path = ANY ($2))
                UNION ALL
                (SELECT run, path, content, size, modified, object FROM files
                    WHERE run = $1 AND path > $3 AND path < $4 AND path <> ALL ($5) LIMIT 1)
                """,
                .text(run.key), .texts(above), .text("\(path)/"), .text("\(path)0"), .texts(known)))
        for row in 0..<rows.count {
            guard let path = ArtifactPath(rows.text(row, 1)), run.stored[path] == nil else { continue }
            let file = KnownFile(
                content: rows.int(row, 2), size: rows.int(row, 3), modified: rows.double(row, 4), bytes: nil,
                object: rows.isNull(row, 5) ? nil : rows.text(row, 5))
            run.stored[path] = file
            // Unless the batch has changed it.
            if run.files[path] == nil, !run.touched.contains(path) { run.files[path] = file }
        }
    }

    /// The stored pieces of a content.
    func storedPieces(of key: String, _ content: Int) throws(StoreError) -> [Piece] {
        let rows = try ask(
            Statement(
                "SELECT position, bytes FROM pieces WHERE run = $1 AND content = $2 ORDER BY position", .text(key),
                .int(content)))
        return (0..<rows.count).map { row in
            Piece(run: key, content: content, position: rows.int(row, 0), bytes: rows.bytes(row, 1) ?? [])
        }
    }

    /// Queries the database during a write. After a failure, the batch does not continue.
    func ask(_ statement: Statement) throws(StoreError) -> Rows {
        do throws(DatabaseError) { return try connection.run(statement) } catch {
            failure = failure ?? error
            throw error.storeError
        }
    }
}
