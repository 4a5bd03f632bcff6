/// Chooses the page that a query asks for among rows that were found.
package struct RunSelection {
    private let query: RunQuery
    private let keys: [(column: RunColumn, isDescending: Bool)]
    private let starts: [Double]
    private let name: (Int) -> String

    /// - Parameters:
    ///   - keys: the columns of the query's order
    ///   - starts: when each run started
    ///   - name: a row's run id
    package init(_ query: RunQuery, keys: [RunColumn], starts: [Double], name: @escaping (Int) -> String) {
        self.query = query
        self.keys = zip(keys, query.order.keys).map { ($0, $1.isDescending) }
        self.starts = starts
        self.name = name
    }

    /// The first rows of those that are selected, in order, after the cursor: one more than the limit where there are more.
    package func page(of selected: [Bool]) -> [Int] {
        let count = query.limit + 1
        // The best so far in order, and behind them what has come since; sorted and cut when it is twice too long.
        var best: [Int] = []
        var worst: Int?
        for row in selected.indices where selected[row] {
            if let worst, !isBefore(row, worst) { continue }
            if let cursor = query.cursor, !isAfter(cursor, row) { continue }
            best.append(row)
            if best.count >= 2 * count + 64 {
                best.sort(by: isBefore)
                best.removeSubrange(count...)
                worst = best.last
            }
        }
        best.sort(by: isBefore)
        return Array(best.prefix(count))
    }

    /// Where a page that ends with a row ends.
    package func cursor(at row: Int) -> RunCursor {
        RunCursor(
            order: query.order, values: keys.map { $0.column[row] }, start: starts[row], run: name(row))
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        // By index: a copy of a column, cheap as it is, would be made for each row.
        for key in keys.indices {
            let (first, second) = (keys[key].column.isMissing(one), keys[key].column.isMissing(other))
            if first || second {
                if first != second { return second }
                continue
            }
            let order = keys[key].column.compare(one, other)
            if order != 0 { return (order < 0) != keys[key].isDescending }
        }
        if starts[one] != starts[other] { return starts[one] > starts[other] }
        return name(one) > name(other)
    }

    private func isAfter(_ cursor: RunCursor, _ row: Int) -> Bool {
        for key in keys.indices {
            let (first, second) = (cursor.values[key].isMissing, keys[key].column.isMissing(row))
            if first || second {
                if first != second { return second }
                continue
            }
            let order = -keys[key].column.compare(row, with: cursor.values[key])
            if order != 0 { return (order < 0) != keys[key].isDescending }
        }
        if starts[row] != cursor.start { return cursor.start > starts[row] }
        return cursor.run > name(row)
    }
}
