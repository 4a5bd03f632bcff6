internal import JSON
package import RunMetadata

/// The columns that queries used most recently, in memory, with a value for each run.
package struct LoadedColumns: Sendable {
    /// The most columns.
    package static let most = 32

    /// The most recently used last.
    private var columns: [(name: String, column: RunColumn)] = []

    package init() {}

    package var names: [String] { columns.map(\.name) }

    /// A column, which is loaded if it is not in memory.
    /// - Parameter isOrder: whether runs are ordered by it; then its ranks are kept too
    package mutating func column<Failure: Error>(
        _ name: String, isOrder: Bool = false, load: () throws(Failure) -> RunColumn
    ) throws(Failure) -> RunColumn {
        if let index = columns.firstIndex(where: { ExactText($0.name) == ExactText(name) }) {
            columns.append(columns.remove(at: index))
        } else {
            columns.append((name, try load()))
            if columns.count > Self.most { columns.removeFirst() }
        }
        if isOrder { columns[columns.count - 1].column.rankTexts() }
        return columns[columns.count - 1].column
    }

    /// Brings all columns up to date.
    /// - Parameters:
    ///   - rows: how many rows there are now
    ///   - body: sets the rows that have changed
    package mutating func update(rows: Int, _ body: (_ name: String, _ column: inout RunColumn) -> Void) {
        for index in columns.indices {
            columns[index].column.grow(to: rows)
            body(columns[index].name, &columns[index].column)
        }
        // Replaced texts are still in memory.
        columns.removeAll { $0.column.textCount > 2 * rows + 1000 }
    }
}
