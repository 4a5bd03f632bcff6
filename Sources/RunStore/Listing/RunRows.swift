package import RunMetadata

/// What every listing needs of all runs, in memory. A run keeps its row number, the same in every column, until it is
/// removed.
package struct RunRows: Sendable {
    /// Run ids; empty for free rows.
    package private(set) var names: [String] = []
    /// Nil for free rows.
    package private(set) var places: [RunPlace?] = []
    package private(set) var states: [RunState] = []
    /// When each run started, seconds since 1970; 0 if unknown.
    package private(set) var starts: [Double] = []
    /// When something was written last, seconds since 1970.
    package private(set) var updated: [Double] = []
    private var rows: [String: Int] = [:]
    private var free: [Int] = []

    package init() {}

    /// The number of rows, including free ones.
    package var count: Int { names.count }

    /// The row of a run.
    package subscript(run: String) -> Int? { rows[run] }

    /// The ids of all runs.
    package var runs: some Collection<String> { rows.keys }

    /// The status of the run at a row.
    package func status(at row: Int, now: Double, staleAfter: Double) -> RunStatus {
        states[row].status(
            place: places[row] ?? .initialised, updated: updated[row], now: now, staleAfter: staleAfter)
    }

    /// Sets a run.
    /// - Returns: its row: the one that it has, a free one, or a new one
    package mutating func set(
        _ run: String, _ place: RunPlace, _ state: RunState, start: Double, updated: Double
    ) -> Int {
        let row = rows[run] ?? free.popLast() ?? count
        set(at: row, run, place, state, start: start, updated: updated)
        return row
    }

    /// Sets the run at a row.
    package mutating func set(
        at row: Int, _ run: String, _ place: RunPlace, _ state: RunState, start: Double, updated: Double
    ) {
        grow(to: row + 1)
        // Most runs stay the same, and a change would copy the array if a listing in progress shares it.
        if names[row] != run {
            rows[run] = row
            names[row] = run
        }
        (places[row], states[row], starts[row], self.updated[row]) = (place, state, start, updated)
    }

    /// Frees a run's row.
    /// - Returns: the row; nil if there is no such run
    @discardableResult
    package mutating func remove(_ run: String) -> Int? {
        guard let row = rows.removeValue(forKey: run) else { return nil }
        names[row] = ""
        places[row] = nil
        free.append(row)
        return row
    }

    /// Finds the free rows, after runs have been set at rows of the caller's choice.
    package mutating func findFree() { free = names.indices.filter { names[$0].isEmpty } }

    package mutating func reserve(_ count: Int) {
        names.reserveCapacity(count)
        rows.reserveCapacity(count)
    }

    private mutating func grow(to count: Int) {
        while names.count < count {
            names.append("")
            places.append(nil)
            states.append(.running)
            starts.append(0)
            updated.append(0)
        }
    }
}
