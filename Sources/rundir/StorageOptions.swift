import ArgumentParser
import Limits
import RunStore

/// Limits of runs: their number, their sizes, how many are pending and for how long.
struct StorageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The most runs, including archived ones, 1 to 100000000; 0: no limit. [env: RUNDIR_MAX_RUNS]",
            valueName: "count"))
    var maxRuns = Environment.number("RUNDIR_MAX_RUNS") ?? 0

    @Option(
        help: ArgumentHelp(
            "The most bytes of one run's files, 65536 to 1125899906842624; 0: no limit. [env: RUNDIR_MAX_RUN_BYTES]",
            valueName: "bytes"))
    var maxRunBytes = Environment.number("RUNDIR_MAX_RUN_BYTES") ?? 0

    @Option(
        help: ArgumentHelp(
            "The most bytes of all runs' files, including pending and archived runs, 65536 to 1125899906842624; "
                + "0: no limit. [env: RUNDIR_MAX_TOTAL_BYTES]", valueName: "bytes"))
    var maxTotalBytes = Environment.number("RUNDIR_MAX_TOTAL_BYTES") ?? 0

    @Option(
        help: ArgumentHelp(
            "The most runs and sessions that are not initialised yet, 1 to 10000000. [env: RUNDIR_MAX_PENDING]",
            valueName: "count"))
    var maxPending = Environment.number("RUNDIR_MAX_PENDING") ?? RunRules().mostPending.most

    @Option(
        help: ArgumentHelp(
            "The most of them made by one token, 1 to 10000000; 0: only the limit for all. "
                + "[env: RUNDIR_MAX_PENDING_PER_TOKEN]", valueName: "count"))
    var maxPendingPerToken = Environment.number("RUNDIR_MAX_PENDING_PER_TOKEN") ?? 0

    @Option(
        help: ArgumentHelp(
            "Seconds to keep a pending run after its last write, 60 to 315360000; then it is deleted and logged; "
                + "0: until the run is initialised. [env: RUNDIR_KEEP_PENDING]",
            valueName: "seconds"))
    var keepPending = Environment.number("RUNDIR_KEEP_PENDING") ?? 0

    func validate() throws {
        let bytes = 65_536...1 << 50
        try OptionRange.check("max-pending", maxPending, 1...10_000_000)
        for (name, value, range) in [
            ("max-runs", maxRuns, 1...100_000_000), ("max-run-bytes", maxRunBytes, bytes),
            ("max-total-bytes", maxTotalBytes, bytes), ("max-pending-per-token", maxPendingPerToken, 1...10_000_000),
            ("keep-pending", keepPending, 60...315_360_000),
        ] where value != 0 {
            try OptionRange.check(name, value, range)
        }
    }

    func set(_ rules: inout RunRules) {
        rules.mostRuns = limit(.runs, maxRuns, "--max-runs")
        rules.mostRunBytes = limit(.bytes, maxRunBytes, "--max-run-bytes")
        rules.mostBytes = limit(.bytes, maxTotalBytes, "--max-total-bytes")
        rules.mostPending = Limit(.pendingRuns, most: maxPending, setting: "--max-pending")
        rules.mostPendingOfSender = limit(.pendingOfSender, maxPendingPerToken, "--max-pending-per-token")
        rules.pendingAge = keepPending == 0 ? nil : Double(keepPending)
    }

    /// The limit; nil for 0.
    private func limit(_ quantity: Limit.Quantity, _ most: Int, _ setting: String) -> Limit? {
        most == 0 ? nil : Limit(quantity, most: most, setting: setting)
    }
}
