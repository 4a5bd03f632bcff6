internal import RunMetadata
internal import RunStore

/// The index's data in memory for each run: its id and place, and what every listing needs first.
///
/// A run has a row number while it is in the index; the database and the columns use that number.
struct IndexRows {
    /// Run ids; empty for free rows.
    private(set) var names: [String] = []
    private(set) var places: [RunPlace?] = []
    private(set) var states: [RunState] = []
    private(set) var starts: [Double] = []
    private(set) var updated: [Double] = []
    private(set) var stamps: [RunStamp] = []
    private var rows: [String: Int] = [:]
    private var free: [Int] = []
    private(set) var initialisedCount = 0
    /// What could not be read, by run id.
    private(set) var faults: [String: String] = [:]

    /// The number of rows, including free ones.
    var count: Int { names.count }

    /// The row of a run.
    subscript(run: String) -> Int? { rows[run] }

    /// The ids of all runs.
    var runs: some Collection<String> { rows.keys }

    /// Sets a run's entry.
    /// - Returns: its row
    mutating func set(_ entry: IndexEntry) -> Int {
        let row = rows[entry.run] ?? free.popLast() ?? names.count
        set(
            row, run: entry.run, place: entry.place, state: entry.state, start: entry.start, updated: entry.updated,
            stamp: entry.stamp, fault: entry.fault)
        return row
    }

    /// Sets the data of the run at a row.
    mutating func set(
        _ row: Int, run: String, place: RunPlace, state: RunState, start: Double, updated: Double, stamp: RunStamp,
        fault: String?
    ) {
        grow(to: row + 1)
        if places[row] == .initialised { initialisedCount -= 1 }
        if place == .initialised { initialisedCount += 1 }
        rows[run] = row
        if fault != nil || !faults.isEmpty { faults[run] = fault }
        names[row] = run
        (places[row], states[row], starts[row]) = (place, state, start)
        (self.updated[row], stamps[row]) = (updated, stamp)
    }

    /// Frees a run's row.
    mutating func remove(_ run: String) {
        guard let row = rows.removeValue(forKey: run) else { return }
        if places[row] == .initialised { initialisedCount -= 1 }
        names[row] = ""
        faults[run] = nil
        places[row] = nil
        free.append(row)
    }

    /// Finds the free rows, after all stored rows have been set.
    mutating func findFree() { free = names.indices.filter { names[$0].isEmpty } }

    mutating func reserve(_ count: Int) {
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
            stamps.append(.unknown)
        }
    }
}
