package import RunMetadata

/// A query with the columns that it needs of all runs: it can be answered without the store.
package struct RunSearch: Sendable {
    package let query: RunQuery
    /// All runs.
    package let rows: RunRows
    /// The time that statuses depend on, seconds since 1970.
    package let now: Double
    private let candidates: [Bool]
    /// The columns of the condition, and of the order.
    private let columns: [RunColumn]
    private let keys: [RunColumn]

    /// - Parameters:
    ///   - status: the status of the run at a row, at that time
    ///   - column: loads another column of all rows, by its name; `isOrder`: whether runs are ordered by it
    package init<Failure: Error>(
        _ query: RunQuery, of rows: RunRows, now: Double, status: (_ row: Int) -> RunStatus,
        column: (_ name: String, _ isOrder: Bool) throws(Failure) -> RunColumn
    ) throws(Failure) {
        func find(_ name: String, isOrder: Bool = false) throws(Failure) -> RunColumn {
            switch name {
            case "updated": RunColumn(numbers: rows.updated)
            case "status": RunColumn(statuses: (0..<rows.count).map(status))
            default: try column(name, isOrder)
            }
        }
        (self.query, self.rows, self.now) = (query, rows, now)
        // Pending runs are only included if the query asks for them.
        let looksForPending = query.predicate?.looksFor(RunStatus.pending.rawValue, in: "status") ?? false
        candidates = rows.places.map { place in
            switch query.archived {
            case .without: place == .initialised || (place == .pending && looksForPending)
            case .only: place == .archived
            case .included: place != nil
            }
        }
        var columns: [RunColumn] = []
        for name in query.predicate?.columns ?? [] { columns.append(try find(name.name)) }
        var keys: [RunColumn] = []
        for key in query.order.keys { keys.append(try find(key.column.name, isOrder: true)) }
        (self.columns, self.keys) = (columns, keys)
    }

    /// Looks through all runs.
    package func found() -> Found {
        var selected = candidates
        if let predicate = query.predicate {
            let isTrue = predicate.evaluate(over: columns, rows: rows.count)
            for row in selected.indices where !isTrue[row] { selected[row] = false }
        }
        if let isVisible = query.isVisible {
            for row in selected.indices where selected[row] && !isVisible(rows.names[row]) { selected[row] = false }
        }
        let selection = RunSelection(query, keys: keys, starts: rows.starts) { [names = rows.names] in names[$0] }
        let page = selection.page(of: selected)
        return Found(
            rows: page.prefix(query.limit), count: selected.count(where: \.self),
            isCut: query.limit > 0 && page.count > query.limit, selection: selection)
    }

    /// The runs that match a query.
    package struct Found {
        /// The rows of its page, in order.
        package let rows: ArraySlice<Int>
        /// How many there are on all pages.
        package let count: Int
        /// Whether there is a next page.
        fileprivate let isCut: Bool
        fileprivate let selection: RunSelection

        /// The page.
        /// - Parameters:
        ///   - runs: the data of its rows, without runs that are gone meanwhile
        ///   - last: the row after which the next page begins; nil: that of the last run, if there are more
        package func page(_ runs: [ListedRun], endingAt last: Int? = nil) -> RunPage {
            let last = last ?? (isCut ? rows.last : nil)
            return RunPage(runs: runs, count: count, next: last.map { selection.cursor(at: $0) })
        }
    }
}

extension RunColumn {
    /// The statuses of some rows.
    package init(statuses: some Sequence<RunStatus>) {
        let all = RunStatus.allCases
        self.init(texts: all.map(\.rawValue), places: statuses.map { all.firstIndex(of: $0) ?? 0 })
    }
}
