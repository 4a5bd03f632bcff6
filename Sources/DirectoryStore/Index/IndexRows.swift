internal import RunMetadata
internal import RunStore

/// The index's data in memory for each run: its id and place, and what every listing needs first.
///
/// The database and the columns use the same row numbers.
struct IndexRows {
    /// What listings look at.
    private(set) var listed = RunRows()
    private(set) var stamps: [RunStamp] = []
    private(set) var initialisedCount = 0
    /// What could not be read, by run id.
    private(set) var faults: [String: String] = [:]

    /// The number of rows, including free ones.
    var count: Int { listed.count }
    var names: [String] { listed.names }
    var places: [RunPlace?] { listed.places }

    /// The row of a run.
    subscript(run: String) -> Int? { listed[run] }

    /// The ids of all runs.
    var runs: some Collection<String> { listed.runs }

    /// Sets a run's entry.
    /// - Returns: its row
    mutating func set(_ entry: IndexEntry) -> Int {
        if let row = listed[entry.run] { note(listed.places[row], by: -1) }
        let row = listed.set(entry.run, entry.place, entry.state, start: entry.start, updated: entry.updated)
        note(row, entry.place, entry.stamp, entry.fault)
        return row
    }

    /// Sets the data of the run at a free row.
    mutating func set(
        _ row: Int, run: String, place: RunPlace, state: RunState, start: Double, updated: Double, stamp: RunStamp,
        fault: String?
    ) {
        listed.set(at: row, run, place, state, start: start, updated: updated)
        note(row, place, stamp, fault)
    }

    /// Frees a run's row.
    mutating func remove(_ run: String) {
        guard let row = listed[run] else { return }
        note(listed.places[row], by: -1)
        listed.remove(run)
        faults[run] = nil
    }

    /// Finds the free rows, after all stored rows have been set.
    mutating func findFree() { listed.findFree() }

    mutating func reserve(_ count: Int) { listed.reserve(count) }

    private mutating func note(_ row: Int, _ place: RunPlace, _ stamp: RunStamp, _ fault: String?) {
        note(place, by: 1)
        while stamps.count < count { stamps.append(.unknown) }
        stamps[row] = stamp
        if fault != nil || !faults.isEmpty { faults[names[row]] = fault }
    }

    private mutating func note(_ place: RunPlace?, by change: Int) {
        if place == .initialised { initialisedCount += change }
    }
}
