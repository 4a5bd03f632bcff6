import ArgumentParser
import DirectoryStore
import Limits
import LocalFiles
import RunStore

/// `rundir check`.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the journal and all run directories for faults.",
        discussion: "Exits with 0 if there are no faults or all were repaired, else with 1.")

    @Option(help: ArgumentHelp("The runs directory. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    @Flag(help: "Repair what can be repaired. Stop the server first.")
    var repair = false

    func run() throws {
        let check = try StoreCheck(runs: runs, repairs: repair)
        for finding in check.findings { print("\(finding)".shown(atMost: .max)) }
        if let oldest = check.pending.first {
            let days = max(0, Int(clamping: Int64((wallClock() - oldest.changed) / 86_400)))
            print(
                "\(check.pending.count) runs are not initialised yet; the oldest, \(oldest.name), was last written to "
                    + "\(days) days ago")
        }
        let left = check.findings.count { !$0.isRepaired }
        print("\(check.runCount) runs, \(check.findings.count) findings, \(left) left")
        if left > 0 { throw ExitCode(1) }
    }
}
