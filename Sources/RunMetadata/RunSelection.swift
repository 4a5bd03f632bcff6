/// Selects the page of a query among the rows that match.
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
        self.keys = zip(keys, query.order.keys).map { column, key in
            var column = column
            column.rankTexts()
            return (column, key.isDescending)
        }
        self.starts = starts
        self.name = name
    }

    /// A row and its first sort key, so that most comparisons are of two numbers.
    private struct Candidate {
        let row: Int
        let key: UInt64
    }

    /// Rows are visited in 64 strided passes. In a single pass, rows in reverse order would each be among the best so
    /// far; the first strided pass already finds nearly the best of all.
    private static let rounds = 64

    /// The selected rows of the page, in order, after the cursor and the offset; one more than the limit if there are
    /// more.
    package func page(of selected: [Bool]) -> [Int] {
        let offset = min(query.offset, selected.count)
        let count = offset + query.limit + 1
        let firstKeys = firstKeys()
        // The best rows so far in order, then new ones; sorted and cut when it is twice too long.
        var best: [Candidate] = []
        var worst: Candidate?
        for round in 0..<Self.rounds {
            for row in stride(from: round, to: selected.count, by: Self.rounds) where selected[row] {
                let candidate = Candidate(row: row, key: firstKeys[row])
                if let worst, candidate.key > worst.key || !isBefore(candidate, worst) { continue }
                if let cursor = query.cursor, !isAfter(cursor, row) { continue }
                best.append(candidate)
                if best.count >= 2 * count + 64 {
                    best.sort(by: isBefore)
                    best.removeSubrange(count...)
                    worst = best.last
                }
            }
        }
        best.sort(by: isBefore)
        return best.prefix(count).dropFirst(offset).map(\.row)
    }

    /// The cursor of a page whose last row is `row`.
    package func cursor(at row: Int) -> RunCursor {
        RunCursor(
            order: query.order, values: keys.map { $0.column[row] }, start: starts[row], run: name(row))
    }

    /// Each row's first sort key: of the first column, or newest first if there is none.
    private func firstKeys() -> [UInt64] {
        guard let first = keys.first else { return RunColumn(numbers: starts).sortKeys(descending: true) }
        return first.column.sortKeys(descending: first.isDescending)
    }

    @inline(__always)
    private func isBefore(_ one: Candidate, _ other: Candidate) -> Bool {
        one.key != other.key ? one.key < other.key : isBefore(one.row, other.row)
    }

    /// Whether one row comes before another with the same first key.
    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        // By index: iterating would copy a column, cheap as that is, for each row.
        for key in keys.indices.dropFirst() {
            let isDescending = keys[key].isDescending
            let (first, second) = (
                keys[key].column.sortKey(one, descending: isDescending),
                keys[key].column.sortKey(other, descending: isDescending)
            )
            if first != second { return first < second }
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
