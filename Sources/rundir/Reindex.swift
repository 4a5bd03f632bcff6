import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import RunStore

/// `rundir reindex`.
struct Reindex: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Rebuild the index of the runs from their directories.",
        discussion:
            "The server does this itself if the index is missing, damaged or of another version. Stop the server first."
    )

    @Option(help: ArgumentHelp("The runs directory. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    func run() throws {
        let bar = ProgressBar()
        let (count, unreadable) = try DirectoryRunStore.reindex(runs: runs) { done, total in bar.show(done, of: total) }
        bar.end()
        for (run, fault) in unreadable.sorted(by: { $0.key < $1.key }) {
            print("\(run): listed only in part: \(fault)".shown(atMost: .max))
        }
        print("\(count) run\(count == 1 ? "" : "s") in the index of \(runs.shown(atMost: .max))")
    }
}
