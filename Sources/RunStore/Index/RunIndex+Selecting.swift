internal import RunMetadata

/// Choosing the runs that a query asks for. All of it holds the lock.
extension RunIndex {
    func check(_ query: RunQuery) throws(StoreError) {
        guard let known = database?.columns else { throw indexing }
        let asked = [
            ("where", query.predicate?.columns ?? []), ("order", query.order.keys.map(\.column)),
            ("columns", query.columns),
        ]
        for (parameter, names) in asked {
            let unknown = names.filter { known[$0.name] == nil && !RunQuery.standardColumns.contains($0.name) }
            if !unknown.isEmpty {
                let all = RunQuery.standardColumns.union(known.keys)
                throw .query(RunQueryFault(parameter, unknown: unknown, known: all))
            }
        }
    }

    func select(_ query: RunQuery) throws(IndexFailure) -> RunPage {
        let now = settings.clock()
        var selected = rows.places.map { place in
            switch query.archived {
            case .without: place == .initialised
            case .only: place == .archived
            case .included: place != nil
            }
        }
        if let predicate = query.predicate {
            var columns: [RunColumn] = []
            for name in predicate.columns { columns.append(try column(name.name, now: now)) }
            let isTrue = predicate.evaluate(over: columns, rows: rows.count)
            for row in selected.indices where !isTrue[row] { selected[row] = false }
        }
        var keys: [RunColumn] = []
        for key in query.order.keys { keys.append(try column(key.column.name, now: now)) }
        let names = rows.names
        let selection = RunSelection(query, keys: keys, starts: rows.starts) { names[$0] }
        let found = selection.page(of: selected)
        var page = RunPage(runs: [])
        for row in found.prefix(query.limit) {
            guard let run = RunID(rows.names[row]), let columns = try database?.columns(of: row) else { continue }
            page.runs.append(
                ListedRun(run: run, status: status(row, now: now), updated: rows.updated[row], columns: columns))
        }
        if found.count > query.limit, query.limit > 0 { page.next = selection.cursor(at: found[query.limit - 1]) }
        return page
    }

    /// How many of the runs have each status.
    func countStatuses() -> [RunStatus: Int] {
        let now = settings.clock()
        var counts: [RunStatus: Int] = [:]
        for row in rows.places.indices where rows.places[row] != nil { counts[status(row, now: now), default: 0] += 1 }
        return counts
    }

    private func status(_ row: Int, now: Double) -> RunStatus {
        rows.states[row].status(
            place: rows.places[row] ?? .initialised, updated: rows.updated[row], now: now,
            staleAfter: settings.staleAfter)
    }

    private func statuses(now: Double) -> RunColumn {
        let all = RunStatus.allCases
        let places = (0..<rows.count).map { row in
            let status = status(row, now: now)
            return all.firstIndex(of: status) ?? 0
        }
        return RunColumn(texts: all.map(\.rawValue), places: places)
    }

    /// A column of all rows: one that the time tells, one in memory, or one from the database, which stays in memory.
    private func column(_ name: String, now: Double) throws(IndexFailure) -> RunColumn {
        switch name {
        case "updated": return RunColumn(numbers: rows.updated)
        case "status": return statuses(now: now)
        default: break
        }
        if let index = loaded.firstIndex(where: { $0.name == name }) {
            let found = loaded.remove(at: index)
            loaded.append(found)
            return found.column
        }
        let column = try database?.column(name, rows: rows.count) ?? RunColumn(rows: rows.count)
        loaded.append((name, column))
        if loaded.count > Self.loadedColumns { loaded.removeFirst() }
        return column
    }
}
