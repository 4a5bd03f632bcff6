import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import RunStore

/// `rundir reindex`.
struct Reindex: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build the index of the runs anew from their directories.",
        discussion:
            "The server does so itself where the index is missing, damaged or of another version. No server may have the runs directory."
    )

    @Option(help: ArgumentHelp("The runs directory. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    func run() throws {
        let bar = ProgressBar()
        let (count, unreadable) = try DirectoryRunStore.reindex(runs: runs) { done, total in bar.show(done, of: total) }
        bar.end()
        for (run, fault) in unreadable.sorted(by: { $0.key < $1.key }) {
            print("\(run): not all is listed: \(fault)".shown(atMost: .max))
        }
        print("\(count) run\(count == 1 ? "" : "s") in the index of \(runs.shown(atMost: .max))")
    }
}
