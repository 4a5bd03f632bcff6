package import JSON
internal import LocalFiles
package import RunMetadata
package import RunStore

extension PostgresRunStore {
    package func runs(_ query: RunQuery) throws(StoreError) -> RunPage {
        try refresh()
        var unknown: (parameter: String, names: [RunColumnName], known: [String])?
        let page = try pool.read { connection throws(DatabaseError) in
            // All statements see one state of the database.
            _ = try connection.run(.beginReading)
            let listing = Listing(query, now: clock(), staleAfter: rules.staleAfter, on: connection)
            if let found = try listing.unknownColumns() {
                unknown = (found.parameter, found.names, try Listing.columns(on: connection))
                _ = try connection.run(.rollback)
                return RunPage(runs: [], count: 0)
            }
            let page = try listing.page()
            _ = try connection.run(.commit)
            return page
        }
        if let unknown { throw .query(RunQueryFault(unknown.parameter, unknown: unknown.names, known: unknown.known)) }
        return page
    }

    package func columns() throws(StoreError) -> Set<ExactText> {
        try refresh()
        let names = try pool.read { connection throws(DatabaseError) in try Listing.columns(on: connection) }
        return Set(names.map { ExactText($0) })
    }

    package func pendingRuns(unchangedFor seconds: Double) throws(StoreError) -> [RunID] {
        let latest = wallClock() - seconds
        let names = try pool.read { connection throws(DatabaseError) in
            let rows = try connection.run(
                Statement(
                    "SELECT run FROM runs WHERE place = 3 AND modified <= $1 AND left(run, 1) <> '@' ORDER BY run",
                    .double(latest)))
            return (0..<rows.count).map { rows.text($0, 0) }
        }
        return names.compactMap { RunID($0) }
    }

    package func runCounts() throws(StoreError) -> [RunStatus: Int] {
        try refresh()
        return try pool.read { connection throws(DatabaseError) in
            var condition = SQLCondition(now: clock(), staleAfter: rules.staleAfter) { _, _ in [] }
            let status = condition.statusSQL()
            let rows = try connection.run(
                Statement(
                    "SELECT \(status), count(*) FROM summaries s JOIN runs r ON r.run = s.run GROUP BY 1",
                    parameters: condition.parameters, isKept: true))
            var counts: [RunStatus: Int] = [.pending: 0]
            for row in 0..<rows.count {
                if let status = RunStatus(rawValue: rows.text(row, 0)) { counts[status] = rows.int(row, 1) }
            }
            return counts
        }
    }
}

/// The answer to one query, in a transaction that sees one state of the database.
private struct Listing {
    let query: RunQuery
    let now: Double
    let staleAfter: Double
    let connection: Connection

    init(_ query: RunQuery, now: Double, staleAfter: Double, on connection: Connection) {
        (self.query, self.now, self.staleAfter, self.connection) = (query, now, staleAfter, connection)
    }

    /// The names of all columns: one look into the index for each, not at each run's.
    static func columns(on connection: Connection) throws(DatabaseError) -> [String] {
        let rows = try connection.run(
            Statement(
                """
                WITH RECURSIVE names AS (
                    (SELECT name FROM cells ORDER BY name LIMIT 1)
                    UNION ALL SELECT (SELECT c.name FROM cells c WHERE c.name > names.name ORDER BY c.name LIMIT 1)
                    FROM names WHERE names.name IS NOT NULL)
                SELECT name FROM names WHERE name IS NOT NULL
                """))
        return Array(RunQuery.standardColumns.union((0..<rows.count).map { rows.text($0, 0) }))
    }

    /// The columns that the query names and no run has.
    func unknownColumns() throws(DatabaseError) -> (parameter: String, names: [RunColumnName])? {
        if query.unknown(isKnown: { _ in false }) == nil { return nil }
        let named = (query.predicate?.columns ?? []) + query.order.keys.map(\.column) + query.columns
        let rows = try connection.run(
            Statement(
                "SELECT n FROM unnest($1) n WHERE EXISTS (SELECT 1 FROM cells WHERE name = n)",
                .texts(named.map(\.name))))
        let known = Set((0..<rows.count).map { ExactText(rows.text($0, 0)) })
        return query.unknown { known.contains(ExactText($0)) }
    }

    func page() throws(DatabaseError) -> RunPage {
        var condition = SQLCondition(now: now, staleAfter: staleAfter) {
            [connection] name, test throws(DatabaseError) in
            try Self.matches(name, test, on: connection)
        }
        var conditions = [places]
        if let predicate = query.predicate {
            conditions.append(try condition.condition(predicate.root, predicate.columns))
        }
        if let isVisible = query.isVisible {
            let rows = try connection.run(Statement("SELECT run FROM summaries"))
            let visible = (0..<rows.count).map { rows.text($0, 0) }.filter { isVisible($0) }
            conditions.append("s.run = ANY (\(condition.parameter(.texts(visible))))")
        }
        let order = SQLOrder(query.order, &condition)
        _ = condition.column("status")
        let from = "FROM summaries s JOIN runs r ON r.run = s.run \(condition.joins.joined(separator: " "))"
        let selected = "WHERE \(conditions.joined(separator: " AND "))"
        let count = try connection.run(
            Statement("SELECT count(*) \(from) \(selected)", parameters: condition.parameters, isKept: false)
        ).int(0, 0)
        if query.limit == 0 { return RunPage(runs: [], count: count) }
        var after = ""
        if let cursor = query.cursor { after = "AND \(order.isAfter(cursor, &condition))" }
        let (limit, offset) = (condition.parameter(.int(query.limit + 1)), condition.parameter(.int(query.offset)))
        let rows = try connection.run(
            Statement(
                """
                SELECT s.run, status.word, s.updated, s.start, s.columns, s.extremes\(order.selected)
                \(from) \(selected) \(after) ORDER BY \(order.sql) LIMIT \(limit) OFFSET \(offset)
                """, parameters: condition.parameters, isKept: false))
        return page(rows, count: count)
    }

    /// The columns before those of the order.
    private static let fixed = 6

    private func page(_ rows: Rows, count: Int) -> RunPage {
        var page = RunPage(runs: [], count: count)
        for row in 0..<min(rows.count, query.limit) {
            guard let run = RunID(rows.text(row, 0)), let status = RunStatus(rawValue: rows.text(row, 1)) else {
                continue
            }
            let summary = RunSummary(
                columns: KeptColumns.read(rows.bytes(row, 4) ?? []),
                extremes: KeptColumns.read(rows.bytes(row, 5) ?? []))
            page.runs.append(
                ListedRun(
                    run: run, status: status, updated: rows.double(row, 2),
                    columns: summary.columns(with: query.columns)))
        }
        if rows.count > query.limit {
            let last = query.limit - 1
            let values = query.order.keys.indices.map { Cell.value(rows, last, Self.fixed + 3 * $0) }
            page.next = RunCursor(
                order: query.order, values: values, start: rows.double(last, 3), run: rows.text(last, 0))
        }
        return page
    }

    /// Runs of the places that are asked for.
    private var places: String {
        switch query.archived {
        case .without:
            query.predicate?.looksFor(RunStatus.pending.rawValue, in: "status") ?? false
                ? "r.place IN (1, 3)" : "r.place = 1"
        case .only: "r.place = 2"
        case .included: "true"
        }
    }

    /// The texts of a column that pass a test.
    private static func matches(
        _ name: String, _ test: RunTextTest, on connection: Connection
    ) throws(DatabaseError) -> [[UInt8]] {
        let rows = try connection.run(Statement("SELECT DISTINCT text FROM cells WHERE name = $1", .text(name)))
        return (0..<rows.count).filter { test.passes(.text(rows.text($0, 0))) == true }.compactMap { rows.bytes($0, 0) }
    }
}
