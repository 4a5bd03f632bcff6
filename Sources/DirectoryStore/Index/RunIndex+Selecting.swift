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
    struct Question {
        let query: RunQuery
        fileprivate let names: [String]
        fileprivate let starts: [Double]
        fileprivate let now: Double
        fileprivate let candidates: [Bool]
        /// The columns of the condition, and of the order.
        fileprivate let columns: [RunColumn]
        fileprivate let keys: [RunColumn]

        /// The rows of the page in order, and one more if there is one. Needs no lock.
        func found() -> (rows: [Int], count: Int, selection: RunSelection) {
            var selected = candidates
            if let predicate = query.predicate {
                let isTrue = predicate.evaluate(over: columns, rows: names.count)
                for row in selected.indices where !isTrue[row] { selected[row] = false }
            }
            if let isVisible = query.isVisible {
                for row in selected.indices where selected[row] && !isVisible(names[row]) { selected[row] = false }
            }
            let selection = RunSelection(query, keys: keys, starts: starts) { [names] in names[$0] }
            return (selection.page(of: selected), selected.count(where: \.self), selection)
        }
    }

    func question(_ query: RunQuery) throws(IndexFailure) -> Question {
        let now = settings.clock()
        // Pending runs are only included if the query asks for them.
        let looksForPending = query.predicate?.looksFor(RunStatus.pending.rawValue, in: "status") ?? false
        let candidates = rows.places.map { place in
            switch query.archived {
            case .without: place == .initialised || (place == .pending && looksForPending)
            case .only: place == .archived
            case .included: place != nil
            }
        }
        var columns: [RunColumn] = []
        for name in query.predicate?.columns ?? [] { columns.append(try column(name.name, now: now)) }
        var keys: [RunColumn] = []
        for key in query.order.keys { keys.append(try column(key.column.name, isOrder: true, now: now)) }
        return Question(
            query: query, names: rows.names, starts: rows.starts, now: now, candidates: candidates, columns: columns,
            keys: keys)
    }

    /// The page of the found rows. A run that was removed meanwhile is left out.
    func page(
        of found: [Int], count: Int, _ selection: RunSelection, for question: Question
    ) throws(IndexFailure) -> RunPage {
        let limit = question.query.limit
        var page = RunPage(runs: [], count: count)
        var weight = 0
        for (index, row) in found.prefix(limit).enumerated() {
            guard rows.names[row] == question.names[row], let run = RunID(rows.names[row]),
                let summary = try summary(of: row)
            else { continue }
            weight += IndexEntry.weight(of: summary)
            if weight > Self.pageWeight, index > 0 {
                // The rest is on the next page.
                page.next = selection.cursor(at: found[index - 1])
                return page
            }
            page.runs.append(
                ListedRun(
                    run: run, status: status(row, now: question.now), updated: rows.updated[row],
                    columns: summary.columns(with: question.query.columns)))
        }
        if found.count > limit, limit > 0 { page.next = selection.cursor(at: found[limit - 1]) }
        return page
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
        return rows.states[row].status(
            place: rows.places[row] ?? .initialised, updated: rows.updated[row], now: now,
            staleAfter: settings.rules.staleAfter)
    }

    private func statuses(now: Double) -> RunColumn {
        let all = RunStatus.allCases
        let places = (0..<rows.count).map { row in
            let status = status(row, now: now)
            return all.firstIndex(of: status) ?? 0
        }
        return RunColumn(texts: all.map(\.rawValue), places: places)
    }

    /// A column of all rows: one that depends on the time, one in memory, or one from the database, which is then
    /// cached.
    /// - Parameter isOrder: whether runs are ordered by it; then its ranks are cached too
    private func column(_ name: String, isOrder: Bool = false, now: Double) throws(IndexFailure) -> RunColumn {
        switch name {
        case "updated": return RunColumn(numbers: rows.updated)
        case "status": return statuses(now: now)
        default: break
        }
        if let index = loaded.firstIndex(where: { ExactText($0.name) == ExactText(name) }) {
            loaded.append(loaded.remove(at: index))
        } else {
            var column = try database?.column(name, rows: rows.count) ?? RunColumn(rows: rows.count)
            Self.put(unwritten.values, into: &column, name)
            loaded.append((name, column))
            if loaded.count > Self.loadedColumns { loaded.removeFirst() }
        }
        if isOrder { loaded[loaded.count - 1].column.rankTexts() }
        return loaded[loaded.count - 1].column
    }
}
