internal import JSON
internal import RunMetadata
internal import RunStore

/// Selecting the runs of a query. All of it runs under the lock.
extension RunIndex {
    func check(_ query: RunQuery) throws(StoreError) {
        guard let database else { throw indexing }
        // Columns that are not written yet are only searched if they matter.
        if query.unknown(isKnown: { database.columns[ExactText($0)] != nil }) == nil { return }
        let known = try knownColumns()
        if let unknown = query.unknown(isKnown: { known.contains(ExactText($0)) }) {
            throw .query(RunQueryFault(unknown.parameter, unknown: unknown.names, known: known.map(\.text)))
        }
    }

    /// The columns that `where`, `order` and `columns` can name.
    func knownColumns() throws(StoreError) -> Set<ExactText> {
        guard let database else { throw indexing }
        var known = Set(database.columns.keys)
        known.formUnion(RunQuery.standardColumns.map { ExactText($0) })
        for case .put(_, let entry) in unwritten.values {
            known.formUnion(entry.summary.all.map { ExactText($0.name) })
        }
        return known
    }

    /// The greatest weight of a page's columns together: about 50 MB of text.
    private static let pageWeight = 1_000_000

    /// A snapshot of everything that a query needs, so that evaluating its condition does not block others.
    func search(_ query: RunQuery) throws(IndexFailure) -> RunSearch {
        let now = settings.clock()
        return try RunSearch(query, of: rows.listed, now: now) {
            status($0, now: now)
        } column: {
            name, isOrder throws(IndexFailure) in
            try column(name, isOrder: isOrder)
        }
    }

    /// The page of the found rows. A run that was removed meanwhile is left out.
    func page(of found: RunSearch.Found, for search: RunSearch) throws(IndexFailure) -> RunPage {
        var runs: [ListedRun] = []
        var weight = 0
        var last: Int?
        for row in found.rows {
            guard rows.names[row] == search.rows.names[row], let run = RunID(rows.names[row]),
                let summary = try summary(of: row)
            else { continue }
            weight += IndexEntry.weight(of: summary)
            // The rest is on the next page.
            if weight > Self.pageWeight, let last { return found.page(runs, endingAt: last) }
            last = row
            runs.append(
                ListedRun(
                    run: run, status: status(row, now: search.now), updated: rows.listed.updated[row],
                    columns: summary.columns(with: search.query.columns)))
        }
        return found.page(runs)
    }

    /// The number of runs by status.
    func countStatuses() -> [RunStatus: Int] {
        let now = settings.clock()
        var counts: [RunStatus: Int] = [:]
        for row in rows.places.indices where rows.places[row] != nil { counts[status(row, now: now), default: 0] += 1 }
        return counts
    }

    private func summary(of row: Int) throws(IndexFailure) -> RunSummary? {
        if case .put(_, let entry) = unwritten[row] { return entry.summary }
        return try database?.summary(of: row)
    }

    private func status(_ row: Int, now: Double) -> RunStatus {
        if start.isBehind(rows.names[row]) { return .behind }
        return rows.listed.status(at: row, now: now, staleAfter: settings.rules.staleAfter)
    }

    /// A column of all rows: one in memory, or one from the database, which is then kept there.
    private func column(_ name: String, isOrder: Bool) throws(IndexFailure) -> RunColumn {
        try loaded.column(name, isOrder: isOrder) { () throws(IndexFailure) in
            var column = try database?.column(name, rows: rows.count) ?? RunColumn(rows: rows.count)
            Self.put(unwritten.values, into: &column, name)
            return column
        }
    }
}
