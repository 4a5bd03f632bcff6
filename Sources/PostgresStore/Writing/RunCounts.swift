internal import RunStore

/// The number of runs, and the bytes of their files.
struct RunCounts: Sendable {
    /// Initialised runs, including archived ones.
    var runs = 0
    /// The bytes of all files, including those of pending runs.
    var bytes = 0
    /// Runs, and sessions' next runs, that wait to be initialised: in all, and by sender.
    var pending = 0
    var pendingOfSender: [String: Int] = [:]

    /// Counts a run, if it exists.
    mutating func add(_ run: WorkingRun) { count(run, 1) }

    /// Stops counting a run as it was.
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
