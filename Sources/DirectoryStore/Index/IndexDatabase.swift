internal import Foundation
internal import GRDB
internal import JSON
internal import RunMetadata
internal import RunStore

/// The index's tables in SQLite. Derived data: everything can be rebuilt from the run directories.
///
/// `runs` has a row for each run with all of its columns as JSON, apart from those that are listed only on request;
/// `cells` has each value again, in chunks of a column for successive runs (`RunColumn+Chunk.swift`), so that one
/// column of all runs can be read at once. For one thread at a time.
final class IndexDatabase {
    /// The version of the tables; an index of another version is rebuilt.
    static let version = 6

    /// The most bytes of a text in `cells`; longer texts are compared by their beginning.
    static let longestText = 1000

    let queue: DatabaseQueue
    private let path: String?
    /// The numbers of columns by name.
    var columns: [ExactText: Int] = [:]
    /// Cached contents of the most recently read or written runs, by row.
    var recent: [Int: IndexEntry.Kept] = [:]
    private static let recentRuns = 2048
    /// The greatest weight of their columns together (`IndexEntry.weight`).
    private static let recentWeight = 200_000
    private var weight = 0
    /// The most distinct columns that conditions and orders can name; further ones are only listed with their run.
    static let mostColumns = 100_000

    /// Opens or makes a database.
    /// - Parameters:
    ///   - path: its file; nil: in memory
    ///   - isNew: whether it is being built: nothing has to be durable before it is complete
    /// - Throws: `IndexFailure`, also if the file does not have this version
    init(path: String?, isNew: Bool = false) throws(IndexFailure) {
        self.path = path
        var configuration = Configuration()
        configuration.label = "index"
        configuration.busyMode = .timeout(5)
        if path != nil, !isNew { configuration.journalMode = .wal }
        configuration.prepareDatabase { db in
            // https://sqlite.org/pragma.html. The keeper makes checkpoints, so that listings do not.
            let cache = isNew ? 32 : 4
            try db.execute(sql: "PRAGMA cache_size = -\(cache << 10)")
            try db.execute(sql: isNew ? "PRAGMA synchronous = OFF" : "PRAGMA wal_autocheckpoint = 0")
            if !isNew { try db.execute(sql: "PRAGMA journal_size_limit = 1048576") }
            if isNew { try db.execute(sql: "PRAGMA journal_mode = OFF") }
        }
        do {
            queue =
                try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
                ?? DatabaseQueue(configuration: configuration)
            try queue.inDatabase { db in
                if isNew || path == nil { try Self.makeTables(db) }
                let version = try Int.fetchOne(db, sql: "PRAGMA user_version")
                guard version == Self.version else {
                    throw IndexFailure.Damage(description: "the index has version \(version ?? 0), not \(Self.version)")
                }
            }
            columns = try queue.inDatabase { db in
                try Row.fetchAll(db, sql: "SELECT name, id FROM columns").reduce(into: [:]) {
                    $0[ExactText($1[0])] = $1[1]
                }
            }
        } catch { throw IndexFailure(error) }
    }

    private static func makeTables(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE runs (
                    id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, place INTEGER NOT NULL, state INTEGER NOT NULL,
                    start REAL NOT NULL, updated REAL NOT NULL, stamp INTEGER NOT NULL, columns BLOB NOT NULL,
                    extremes BLOB NOT NULL, rows BLOB, fault TEXT
                );
                CREATE TABLE columns (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                CREATE TABLE cells (id INTEGER PRIMARY KEY, cells BLOB NOT NULL);
                PRAGMA user_version = \(version);
                """)
    }

    /// Closes the file.
    func close() throws(IndexFailure) {
        try perform {
            if path != nil { try queue.inDatabase { _ = try $0.checkpoint(.truncate) } }
            try queue.close()
        }
    }

    /// Checkpoints a database's write-ahead log, by a separate connection (PRAGMA wal_checkpoint(PASSIVE)), which
    /// blocks neither readers nor writers.
    static func checkpoint(_ path: String) throws(IndexFailure) {
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.inDatabase { _ = try $0.checkpoint(.passive) }
            try queue.close()
        } catch { throw IndexFailure(error) }
    }

    /// Checks the whole file for damage (PRAGMA quick_check).
    func fault() throws(IndexFailure) -> String? {
        try perform { try queue.inDatabase { db in try String.fetchOne(db, sql: "PRAGMA quick_check(1)") } }
            .flatMap { $0 == "ok" ? nil : $0 }
    }

    // MARK: Reading

    /// All rows.
    func rows() throws(IndexFailure) -> IndexRows {
        try perform {
            try queue.inDatabase { db in
                var rows = IndexRows()
                rows.reserve(try Int.fetchOne(db, sql: "SELECT count(*) FROM runs") ?? 0)
                let cursor = try Row.fetchCursor(
                    db, sql: "SELECT id, run, place, state, start, updated, stamp, fault FROM runs ORDER BY id")
                while let row = try cursor.next() {
                    guard let place = RunPlace(rawValue: row[2]), let state = RunState(rawValue: row[3]) else {
                        throw IndexFailure.Damage(description: "a run has an invalid place")
                    }
                    rows.set(
                        row[0], run: row[1], place: place, state: state, start: row[4], updated: row[5],
                        stamp: RunStamp(value: UInt64(bitPattern: row[6])), fault: row[7])
                }
                rows.findFree()
                return rows
            }
        }
    }

    /// The stored contents of a row.
    func kept(_ row: Int) throws(IndexFailure) -> IndexEntry.Kept? {
        if let kept = recent[row] { return kept }
        let kept: IndexEntry.Kept? = try perform {
            try queue.inDatabase { db in
                let statement = try db.cachedStatement(
                    sql: "SELECT place, updated, columns, extremes, rows, fault FROM runs WHERE id = ?")
                guard let found = try Row.fetchOne(statement, arguments: [row]) else { return nil }
                guard let place = RunPlace(rawValue: found[0]) else { return nil }
                let rows = (found[4] as Data?).flatMap { RowsMark(Array($0)) }
                return IndexEntry.Kept(
                    place: place, updated: found[1], summary: try Self.summary(found[2], found[3]), rows: rows,
                    fault: found[5])
            }
        }
        if let kept { remember(row, kept) }
        return kept
    }

    /// Caches a change that was written.
    func remember(_ change: Change) {
        switch change {
        case .put(let row, let entry): remember(row, entry.kept)
        case .remove(let row): recent[row] = nil
        }
    }

    private func remember(_ row: Int, _ kept: IndexEntry.Kept) {
        weight += IndexEntry.weight(of: kept.summary)
        if (recent.count >= Self.recentRuns && recent[row] == nil) || weight > Self.recentWeight {
            recent = [:]
            weight = IndexEntry.weight(of: kept.summary)
        }
        recent[row] = kept
    }

    /// The columns of the run at a row.
    func summary(of row: Int) throws(IndexFailure) -> RunSummary? {
        try perform { try queue.inDatabase { db in try summary(of: row, db) } }
    }

    func summary(of row: Int, _ db: Database) throws -> RunSummary? {
        let statement = try db.cachedStatement(sql: "SELECT columns, extremes FROM runs WHERE id = ?")
        return try Row.fetchOne(statement, arguments: [row]).map { try Self.summary($0[0], $0[1]) }
    }

    private static func summary(_ columns: Data, _ extremes: Data) throws -> RunSummary {
        RunSummary(columns: try object(columns), extremes: try object(extremes))
    }

    private static func object(_ data: Data) throws -> JSONObject {
        guard var object = try? JSONValue.parse(Array(data)).object else {
            throw IndexFailure.Damage(description: "a run's columns are not a JSON object")
        }
        // In JSON they are texts; convert them, so that the value read is the one written.
        for member in object.members {
            guard case .string(let text) = member.value, text.utf8.count <= 4,
                member.name.hasPrefix("metric_") || member.name.hasPrefix("eval_"), let number = JSONNumber(text),
                !number.isFinite
            else { continue }
            object[member.name] = .number(number)
        }
        return object
    }

    /// One column of all runs.
    func column(_ name: String, rows: Int) throws(IndexFailure) -> RunColumn {
        try perform {
            var column = RunColumn(rows: rows)
            guard let number = columns[ExactText(name)] else { return column }
            try queue.inDatabase { db in
                let statement = try db.cachedStatement(sql: "SELECT id, cells FROM cells WHERE id BETWEEN ? AND ?")
                let found = try Row.fetchCursor(
                    statement, arguments: [Self.id(number, 0), Self.id(number + 1, 0) - 1])
                while let piece = try found.next() {
                    let first = (piece[0] as Int - Self.id(number, 0)) * RunColumn.chunkRows
                    let isPiece = try piece.withUnsafeData(atIndex: 1) { cells in
                        cells?.withUnsafeBytes { column.set($0, from: first) } ?? false
                    }
                    guard isPiece else { throw Self.noPiece }
                }
            }
            return column
        }
    }

    /// The id of a column's chunk in `cells`.
    static func id(_ column: Int, _ chunk: Int) -> Int { column << 32 + chunk }

    static var noPiece: IndexFailure.Damage { IndexFailure.Damage(description: "a chunk of a column cannot be read") }

    func perform<Result>(_ body: () throws -> Result) throws(IndexFailure) -> Result {
        do { return try body() } catch { throw error as? IndexFailure ?? IndexFailure(error) }
    }
}
