internal import JSON
internal import RunMetadata
internal import RunStore
internal import Synchronization

/// Listings show runs as of their last refresh. Each listing first refreshes the runs that were written to since.
extension PostgresRunStore {
    /// The number of runs that are refreshed together.
    private static let part = 64

    /// Updates what listings show with all writes that were completed before the call.
    func refresh() throws(StoreError) {
        try refreshing.withLock { _ throws(StoreError) in
            while try refreshSome() {}
        }
    }

    /// - Returns: whether there may be more runs to refresh
    private func refreshSome() throws(StoreError) -> Bool {
        var failure: StoreError?
        let count = try pool.read { connection throws(DatabaseError) in
            failure = nil
            let stale = try connection.run(
                Statement("SELECT run FROM runs WHERE is_stale ORDER BY run LIMIT $1", .int(Self.part)))
            let runs = (0..<stale.count).map { stale.text($0, 0) }
            if runs.isEmpty { return 0 }
            _ = try connection.run([
                .begin,
                // A refresh that is lost in a crash is done again.
                Statement("SET LOCAL synchronous_commit = off"),
                Statement(
                    """
                    SELECT pg_advisory_xact_lock(key) FROM (
                        SELECT DISTINCT hashtextextended(k, 0) AS key FROM unnest($1) k ORDER BY key) keys
                    """, .texts(runs)),
            ])
            let folders = try RunFolder.read(runs, .metadata, on: connection)
            var refreshed: [Refreshed] = []
            do throws(StoreError) {
                for run in runs {
                    guard let folder = folders[run] else { continue }
                    let (summary, mark) = try folder.summary(pool)
                    refreshed.append(Refreshed(folder, summary, mark))
                }
            } catch { failure = error }
            if failure != nil {
                _ = try connection.run(.rollback)
            } else {
                _ = try connection.run(Refreshed.statements(refreshed, of: runs) + [.commit])
            }
            return runs.count
        }
        if let failure { throw failure }
        return count == Self.part
    }
}

/// What listings show of a run, as of now.
private struct Refreshed {
    let run: String
    let updated: Double
    let summary: RunSummary
    let mark: RowsMark
    let cells: [(name: String, cell: Cell)]

    init(_ folder: RunFolder, _ summary: RunSummary, _ mark: RowsMark) {
        (run, self.summary, self.mark) = (folder.key, summary, mark)
        updated = summary.updated(folder.modified)
        var cells: [(name: String, cell: Cell)] = []
        var names: Set<ExactText> = [ExactText("updated"), ExactText("status")]
        for member in summary.all where names.insert(ExactText(member.name)).inserted {
            if let cell = Cell(RunValue(member.value)) { cells.append((member.name, cell)) }
        }
        if let cell = Cell(.number(updated)) { cells.append(("updated", cell)) }
        self.cells = cells
    }

    /// How the run ended; nil if it has not.
    private var outcome: String? {
        let status = summary.status(updated: updated, now: updated, staleAfter: .infinity)
        return status == .running ? nil : status.rawValue
    }

    static func statements(_ all: [Refreshed], of runs: [String]) -> [Statement] {
        let cells = all.flatMap { run in run.cells.map { (run: run.run, name: $0.name, cell: $0.cell) } }
        let (cellRuns, names) = (Parameter.texts(cells.map(\.run)), Parameter.texts(cells.map(\.name)))
        return [
            Statement(
                """
                INSERT INTO summaries (run, start, updated, outcome, columns, extremes, rows_content, rows_size, tail)
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (run) DO UPDATE SET start = excluded.start, updated = excluded.updated,
                    outcome = excluded.outcome, columns = excluded.columns, extremes = excluded.extremes,
                    rows_content = excluded.rows_content, rows_size = excluded.rows_size, tail = excluded.tail,
                    changed = pg_current_xact_id()
                """,
                .texts(all.map(\.run)), .doubles(all.map(\.summary.start)), .doubles(all.map(\.updated)),
                .texts(all.map(\.outcome)), .blobs(all.map { KeptColumns.bytes($0.summary.columns) }),
                .blobs(all.map { KeptColumns.bytes($0.summary.extremes) }), .ints(all.map { $0.mark.content ?? 0 }),
                .ints(all.map(\.mark.size)), .blobs(all.map { $0.mark.content == nil ? nil : $0.mark.bytes })),
            Statement(
                """
                DELETE FROM cells WHERE run = ANY ($1) AND NOT EXISTS (
                    SELECT 1 FROM unnest($2, $3) AS n(run, name) WHERE n.run = cells.run AND n.name = cells.name)
                """, .texts(runs), cellRuns, names),
            Statement(
                """
                INSERT INTO cells (run, name, kind, number, text) SELECT * FROM unnest($1, $2, $3, $4, $5)
                ON CONFLICT (run, name) DO UPDATE
                SET kind = excluded.kind, number = excluded.number, text = excluded.text
                WHERE (cells.kind, cells.text) IS DISTINCT FROM (excluded.kind, excluded.text)
                """,
                cellRuns, names, .ints(cells.map(\.cell.kind)), .doubles(cells.map(\.cell.number)),
                .blobs(cells.map(\.cell.text))),
            Statement("UPDATE runs SET is_stale = false WHERE run = ANY ($1)", .texts(runs)),
        ]
    }
}
