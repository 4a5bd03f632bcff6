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
            Runs and archived runs are written byte for byte as a server without --store would have them, once, or following what \
            the servers do (--follow) until SIGTERM. It can be ended and begun again: only what has changed is written. A \
            directory or file that no export has made is neither changed nor removed. A run that is gone from the database \
            is removed with --follow, and kept without. What waits for runs that are not initialised, the sessions' active \
            runs, tokens and the audit log are not exported. Exits with 1 when a run could not be exported.
            """)

    @OptionGroup var store: StoreOptions

    @ArgumentParser.Flag(help: "Go on with what happens to the runs, until SIGTERM or SIGINT.")
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
