package import JSON
internal import LocalFiles
package import RunMetadata
package import RunStore

extension PostgresRunStore {
    package func runs(_ query: RunQuery) throws(StoreError) -> RunPage {
        try refresh()
        var unknown: (parameter: String, names: [RunColumnName], known: [String])?
        let page = try pool.read { connection throws(DatabaseError) in
            unknown = nil
            let search = try look { table throws(DatabaseError) -> RunSearch? in
                try table.begin(on: connection)
                if let found = try Self.unknownColumns(of: query, on: connection) {
                    unknown = (found.parameter, found.names, try Self.columns(on: connection))
                    return nil
                }
                return try table.search(query, now: clock(), staleAfter: rules.staleAfter, on: connection)
            }
            guard let search else {
                _ = try connection.run(.rollback)
                return RunPage(runs: [], count: 0)
            }
            let page = try Self.page(of: search, staleAfter: rules.staleAfter, on: connection)
            _ = try connection.run(.commit)
            return page
        }
        if let unknown { throw .query(RunQueryFault(unknown.parameter, unknown: unknown.names, known: unknown.known)) }
        return page
    }

    package func columns() throws(StoreError) -> Set<ExactText> {
        try refresh()
        let names = try pool.read { connection throws(DatabaseError) in try Self.columns(on: connection) }
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
        let rows = try pool.read { connection throws(DatabaseError) in
            let rows = try look { table throws(DatabaseError) in
                try table.begin(on: connection)
                return table.rows
            }
            _ = try connection.run(.commit)
            return rows
        }
        let now = clock()
        var counts: [RunStatus: Int] = [.pending: 0]
        for row in 0..<rows.count where rows.places[row] != nil {
            counts[rows.status(at: row, now: now, staleAfter: rules.staleAfter), default: 0] += 1
        }
        return counts
    }

    /// The names of all columns: one index look-up per name, not per run.
    private static func columns(on connection: Connection) throws(DatabaseError) -> [String] {
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

    /// The columns that a query names but no run has.
    private static func unknownColumns(
        of query: RunQuery, on connection: Connection
    ) throws(DatabaseError) -> (parameter: String, names: [RunColumnName])? {
        if query.unknown(isKnown: { _ in false }) == nil { return nil }
        let named = (query.predicate?.columns ?? []) + query.order.keys.map(\.column) + query.columns
        let rows = try connection.run(
            Statement(
                "SELECT n FROM unnest($1) n WHERE EXISTS (SELECT 1 FROM cells WHERE name = n)",
                .texts(named.map(\.name))))
        let known = Set((0..<rows.count).map { ExactText(rows.text($0, 0)) })
        return query.unknown { known.contains(ExactText($0)) }
    }

    /// A page of results, with what is shown of its runs.
    private static func page(
        of search: RunSearch, staleAfter: Double, on connection: Connection
    ) throws(DatabaseError) -> RunPage {
        let found = search.found()
        if found.rows.isEmpty { return found.page([]) }
        let rows = try connection.run(
            Statement(
                "SELECT run, columns, extremes FROM summaries WHERE run = ANY ($1)",
                .texts(found.rows.map { search.rows.names[$0] })))
        var summaries: [String: RunSummary] = [:]
        for row in 0..<rows.count {
            summaries[rows.text(row, 0)] = RunSummary(
                columns: KeptColumns.read(rows.bytes(row, 1) ?? []),
                extremes: KeptColumns.read(rows.bytes(row, 2) ?? []))
        }
        return found.page(
            found.rows.compactMap { row in
                guard let run = RunID(search.rows.names[row]), let summary = summaries[run.description] else {
                    return nil
                }
                return ListedRun(
                    run: run, status: search.rows.status(at: row, now: search.now, staleAfter: staleAfter),
                    updated: search.rows.updated[row], columns: summary.columns(with: search.query.columns))
            })
    }
}
