internal import JSON
internal import RunMetadata
internal import RunStore

/// What listings need of all runs, in the memory of each server, so that conditions and orders need no query. Before
/// each listing, the table is updated with the changes of all servers since the last one.
struct RunTable: ~Copyable {
    private(set) var rows = RunRows()
    private var loaded = LoadedColumns()
    /// Nil: nothing has been read yet.
    private var mark: Mark?

    /// A state of the database up to which changes have been read.
    private struct Mark {
        /// All transactions with smaller numbers had ended (pg_snapshot_xmin()); a decimal number.
        let transaction: String
        /// The start time of the database server (pg_postmaster_start_time()), seconds since 1970. Another server, or
        /// one that has crashed, may have given the same numbers to other transactions.
        let start: Double
        /// Seconds since 1970, by the database's clock.
        let time: Double

        /// Whether the changes between two states can be found.
        func leads(to later: Mark) -> Bool {
            start == later.start && later.time - time < Double(Schema.removedSeconds) * 3 / 4
        }
    }

    private static let state = Statement(
        """
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text, extract(epoch FROM pg_postmaster_start_time())::float8,
            extract(epoch FROM now())::float8
        """)

    private static func changes(since transaction: String) -> [Statement] {
        [
            Statement(
                """
                SELECT s.run, r.place, s.outcome, s.start, s.updated FROM summaries s JOIN runs r ON r.run = s.run
                WHERE s.changed >= $1::text::xid8
                """, .text(transaction)),
            Statement("SELECT run FROM removed_runs WHERE changed >= $1::text::xid8", .text(transaction)),
        ]
    }

    /// Begins a transaction that sees one state of the database, and updates the table to that state.
    mutating func begin(on connection: Connection) throws(DatabaseError) {
        var found = try connection.run([.beginReading, Self.state] + Self.changes(since: mark?.transaction ?? "0"))
        let present = Mark(transaction: found[1].text(0, 0), start: found[1].double(0, 1), time: found[1].double(0, 2))
        found.removeFirst(2)
        if mark?.leads(to: present) != true {
            let isAll = mark == nil
            (rows, loaded, mark) = (RunRows(), LoadedColumns(), nil)
            if !isAll { found = try connection.run(Self.changes(since: "0")) }
        }
        try take(found[0], removed: found[1], on: connection)
        // Set last, so that after a failure the changes are read again.
        mark = present
    }

    private mutating func take(_ changed: Rows, removed: Rows, on connection: Connection) throws(DatabaseError) {
        // First, since a run of the same id may have been made again.
        for row in 0..<removed.count { rows.remove(removed.text(row, 0)) }
        if rows.count == 0 { rows.reserve(changed.count) }
        var runs: [String] = []
        for row in 0..<changed.count {
            let run = changed.text(row, 0)
            guard let place = RunPlace(rawValue: UInt8(changed.int(row, 1))) else { continue }
            let outcome = changed.isNull(row, 2) ? nil : RunStatus(rawValue: changed.text(row, 2))
            let (start, updated) = (changed.double(row, 3), changed.double(row, 4))
            _ = rows.set(run, place, RunState(outcome ?? .running), start: start, updated: updated)
            runs.append(run)
        }
        let names = loaded.names
        var values: [ExactText: [(row: Int, value: RunValue)]] = [:]
        if !runs.isEmpty, !names.isEmpty {
            let cells = try connection.run(
                Statement(
                    "SELECT run, kind, number, text, name FROM cells WHERE run = ANY ($1) AND name = ANY ($2)",
                    .texts(runs), .texts(names)))
            for cell in 0..<cells.count {
                guard let row = rows[cells.text(cell, 0)] else { continue }
                values[ExactText(cells.text(cell, 4)), default: []].append((row, Cell.value(cells, cell, 1)))
            }
        }
        let places = runs.compactMap { rows[$0] }
        loaded.update(rows: rows.count) { name, column in
            for row in places { column[row] = .missing }
            for (row, value) in values[ExactText(name)] ?? [] { column[row] = value }
        }
    }

    /// A query with the columns that it names. Columns that are not in memory are read from the database.
    mutating func search(
        _ query: RunQuery, now: Double, staleAfter: Double, on connection: Connection
    ) throws(DatabaseError) -> RunSearch {
        let rows = rows
        return try RunSearch(query, of: rows, now: now) {
            rows.status(at: $0, now: now, staleAfter: staleAfter)
        } column: { name, isOrder throws(DatabaseError) in
            try loaded.column(name, isOrder: isOrder) { () throws(DatabaseError) in
                try Self.column(name, of: rows, on: connection)
            }
        }
    }

    private static func column(
        _ name: String, of rows: RunRows, on connection: Connection
    ) throws(DatabaseError) -> RunColumn {
        var column = RunColumn(rows: rows.count)
        let cells = try connection.run(
            Statement("SELECT run, kind, number, text FROM cells WHERE name = $1", .text(name)))
        for cell in 0..<cells.count {
            if let row = rows[cells.text(cell, 0)] { column[row] = Cell.value(cells, cell, 1) }
        }
        return column
    }
}
