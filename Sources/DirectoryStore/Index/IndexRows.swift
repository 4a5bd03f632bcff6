internal import RunMetadata
internal import RunStore

/// What the index holds in memory of each run: who it is, where it is, what the listing of all begins with.
///
/// A run has a row for as long as it is in the index; the database and the columns know it by that number.
struct IndexRows {
    /// Run ids; empty where a row is free.
    private(set) var names: [String] = []
    private(set) var places: [RunPlace?] = []
    private(set) var states: [RunState] = []
    private(set) var starts: [Double] = []
    private(set) var updated: [Double] = []
    private(set) var stamps: [RunStamp] = []
    private var rows: [String: Int] = [:]
    private var free: [Int] = []
    private(set) var initialisedCount = 0
    /// What could not be read of runs, by run id.
    private(set) var faults: [String: String] = [:]

    /// Rows, free ones too.
    var count: Int { names.count }

    /// The rows of a run.
    subscript(run: String) -> Int? { rows[run] }

    /// The ids of all runs.
    var runs: some Collection<String> { rows.keys }

    /// Sets what was found of a run.
    /// - Returns: its row
    mutating func set(_ entry: IndexEntry) -> Int {
        let row = rows[entry.run] ?? free.popLast() ?? names.count
        set(
            row, run: entry.run, place: entry.place, state: entry.state, start: entry.start, updated: entry.updated,
            stamp: entry.stamp, fault: entry.fault)
        return row
    }

    /// Sets what is known of the run in a row.
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

    /// Finds the free rows, once all rows that were kept have been set.
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
