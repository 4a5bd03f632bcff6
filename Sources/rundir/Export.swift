import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import Logging
import PostgresStore
import RunMetadata
import RunStore
import Threads

/// `rundir export`.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the runs of a PostgreSQL database as run directories, for tfruns.",
        discussion: """
            Writes runs and archived runs byte for byte as a server without --store would store them: once, or with \
            --follow also each later change, until SIGTERM. It can be stopped and started again: only changes are \
            written. Directories and files that no export has made are neither changed nor removed. A run that no \
            longer exists in the database is removed with --follow, and kept without it. Pending runs, the sessions' \
            active runs, tokens and the audit log are not exported. Exits with 1 if a run could not be exported.
            """)

    @OptionGroup var store: StoreOptions

    @ArgumentParser.Flag(help: "Keep exporting changes of the runs until SIGTERM or SIGINT.")
    var follow = false

    @Argument(help: ArgumentHelp("The directory for the runs; created if missing.", valueName: "directory"))
    var directory: String

    func validate() throws {
        try Environment.check()
        try store.checkIsThere()
    }

    func run() throws {
        Process.prepare()
        // Created before any thread.
        let signals = follow ? StopSignals(afterwards: "the next export goes on") : nil
        let opened = try store.open(makesTables: false)
        defer { opened.close() }
        let export = Exporting(
            opened, try RunExport(of: opened, into: directory), removes: follow)
        guard let signals else {
            try export.all()
            print("exported to \(directory.shown(atMost: .max)): \(export.summary)")
            if export.hasFailed { throw ExitCode(1) }
            return
        }
        let stop = export.stop
        signals.beginServing()
        Thread(named: "stop") {
            signals.waitForStop {}
            stop.set()
            opened.changes.ring()
        }.detach()
        export.follow {
            print("exported to \(directory.shown(atMost: .max)): \(export.summary); following")
            fflush(nil)
        }
    }
}
