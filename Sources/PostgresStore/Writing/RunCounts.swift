internal import RunStore

/// How many runs there are, and what they take.
struct RunCounts: Sendable {
    /// Those that are initialised, archived ones among them.
    var runs = 0
    /// Of all files, those of pending runs among them.
    var bytes = 0
    /// Runs, and sessions' next ones, that wait to be initialised; and by who made them.
    var pending = 0
    var pendingOfSender: [String: Int] = [:]

    /// Counts a run, if it is there.
    mutating func add(_ run: WorkingRun) { count(run, 1) }

    /// Counts a run no more, as it was.
    mutating func remove(_ run: WorkingRun) { count(run, -1) }

    private mutating func count(_ run: WorkingRun, _ number: Int) {
        guard run.isThere else { return }
        bytes += number * run.bytes
        if run.place == .pending {
            pending += number
            if let sender = run.sender { pendingOfSender[sender, default: 0] += number }
        } else {
            runs += number
        }
    }
}
