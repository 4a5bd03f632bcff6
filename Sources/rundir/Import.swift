import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import LocalFiles
import Logging
import MetadataWriters
import RunMetadata
import RunStore

/// `rundir import`.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import runs: bundles of GET /runs/{id}/bundle.tar.gz, directories of runs, data of MLflow.",
        discussion: """
            A bundle is a tar, tar.gz or zip with one folder, whose name is the run's id. A directory is a run with \
            tfruns.d in it, as tfruns makes it, or a runs directory with many of them, made by tfruns or by a server \
            that is stopped. Each run is imported completely or not at all. A server may be using the target, a runs \
            directory or the database of --store; it serves the run at once. Of a runs directory, archived runs go to \
            the archive, runs that exist already are skipped, and pending runs are left out. Exits with 1 if a run \
            could not be imported.

            With --from mlruns, a source is the folder of MLflow's file store; with --from mlflow, the address of a \
            server of MLflow, such as http://host:5000. Both bring experiments, runs with all values of their metrics, \
            params, tags and artifacts; a server also datasets and logged models. Deleted runs go to the archive. No \
            server may be using the runs directory; servers of a database may continue. The import can be stopped and \
            started again: runs that exist are skipped. The variables of MLflow's clients are used to reach the \
            server: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; \
            MLFLOW_TRACKING_SERVER_CERT_PATH, MLFLOW_TRACKING_INSECURE_TLS.
            """)

    /// The kind of a source.
    enum Origin: String, ExpressibleByArgument, CaseIterable {
        /// A bundle, or a directory of a run.
        case run
        /// MLflow's file store.
        case mlruns
        /// A server of MLflow.
        case mlflow
    }

    @Option(
        help: ArgumentHelp(
            "The kind of source: run (a bundle or a directory), mlruns (a folder) or mlflow (a server).",
            valueName: "origin"))
    var from = Origin.run

    @Option(help: ArgumentHelp("The runs directory; created if missing. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    @OptionGroup var store: StoreOptions

    @Option(
        name: .customLong("as"), help: ArgumentHelp("The id of the imported run; only for one run.", valueName: "id"))
    var id: String?

    @Option(
        help: ArgumentHelp(
            "The largest imported run, unpacked, 1 to 1099511627776 bytes. [env: RUNDIR_IMPORT_MAX_BYTES]",
            valueName: "bytes"))
    var maxBytes = Environment.number("RUNDIR_IMPORT_MAX_BYTES") ?? 4 << 30

    @Option(
        help: ArgumentHelp(
            "The most files and folders of an imported run, 1 to 100000000. [env: RUNDIR_IMPORT_MAX_ENTRIES]",
            valueName: "count"))
    var maxEntries = Environment.number("RUNDIR_IMPORT_MAX_ENTRIES") ?? 100_000

    @Argument(help: ArgumentHelp("What to import.", valueName: "bundle, directory or address"))
    var sources: [String]

    func validate() throws {
        try Environment.check()
        try check("max-bytes", maxBytes, 1...1 << 40)
        try check("max-entries", maxEntries, 1...100_000_000)
        guard let id else { return }
        if from != .run { throw ValidationError("--as is for one run, and \(from.rawValue) has many") }
        if sources.count > 1 { throw ValidationError("--as is for one run, but \(sources.count) are given") }
        if RunID(id) == nil { throw ValidationError("--as is \"\(id)\"; \(RunID.rule)") }
    }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError("--\(name) is \(value); it has to be from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// The limits of one run.
    private var budget: Budget {
        Budget([
            Limit(.bytes, most: maxBytes, setting: "--max-bytes"),
            Limit(.entries, most: maxEntries, setting: "--max-entries"),
        ])
    }

    func run() throws {
        Process.prepare()
        if from != .run { return try importFromMLflow() }
        let target = try ImportTarget(store, runs: runs)
        defer { target.close() }
        var failures = 0
        for source in sources {
            do {
                if let folder = try runsFolder(source) {
                    failures += try take(folder, source, target)
                } else {
                    print("imported \(try take(source, target))")
                }
            } catch {
                failures += 1
                say("\(source): \(error.reason)")
            }
        }
        if failures > 0 { throw ExitCode(1) }
    }

    func say(_ text: String) { Process.say("rundir import: \(text)") }

    /// Imports a run.
    /// - Returns: its id
    private func take(_ source: String, _ target: ImportTarget) throws -> RunID {
        var run: RunID?
        let intake: any RunIntake
        if Files.isDirectory(source) {
            guard let real = realpath(source, nil) else { throw IntakeRefusal(String(cString: strerror(errno))) }
            defer { free(real) }
            let name = String(cString: real).split(separator: "/").last.map(String.init) ?? ""
            let id = try runID(for: name)
            run = id
            intake = try target.intake(of: id)
            try BundleReader.copy(try DirectoryBundle(directory: source, as: id), into: intake, budget: budget)
        } else {
            if Files.status(source) == nil { throw IntakeRefusal(String(cString: strerror(errno))) }
            intake = try BundleReader.unpack(source, budget: budget) { name in
                let id = try runID(for: name)
                run = id
                return try target.intake(of: id)
            }
        }
        try finish(intake, run, in: .initialised)
        return run ?? RunID("run")!
    }

    private func finish(_ intake: any RunIntake, _ run: RunID?, in place: RunPlace) throws {
        for what in try intake.finish(in: place) { say("\(run?.description ?? ""): left out: \(what)") }
    }

    /// The id of a run, from the name of its folder.
    private func runID(for name: String) throws -> RunID {
        if let id = self.id.flatMap(RunID.init) ?? RunID(name) { return id }
        throw IntakeRefusal(
            "its folder is \"\(name.shown())\", which is not a run id; give it one with --as (\(RunID.rule))")
    }

    // MARK: Runs directories

    /// A source opened as a runs directory; nil if it is a run or a bundle.
    private func runsFolder(_ source: String) throws -> RunsFolder? {
        guard id == nil, Files.isDirectory(source), !Files.isDirectory("\(source)/\(RunLayout.dataDirectory)") else {
            return nil
        }
        return try RunsFolder(source, log: Logger(label: "import"))
    }

    /// Imports all runs of a directory, and reports how many.
    /// - Returns: the number of runs that could not be imported
    private func take(_ folder: RunsFolder, _ source: String, _ target: ImportTarget) throws -> Int {
        defer { folder.close() }
        var (imported, there, failed) = (0, 0, 0)
        let items = try folder.items()
        let bar = ProgressBar()
        for (index, item) in items.enumerated() {
            bar.show(index, of: items.count)
            do {
                let run = try runID(for: item.name)
                let intake = try target.intake(of: run)
                try BundleReader.copy(try folder.bundle(of: run, item.place), into: intake, budget: budget)
                try finish(intake, run, in: item.place)
                imported += 1
            } catch let refusal as IntakeRefusal where refusal.isThere {
                there += 1
            } catch {
                failed += 1
                bar.end()
                say("\(source)/\(item.name): \(error.reason)")
            }
        }
        bar.end()
        try takeDocument(.mlflowExperiments, of: folder, target)
        let pending = try folder.pendingCount()
        print(
            "imported \(imported) runs of \(source.shown(atMost: .max)); \(there) were there already, \(failed) could not be "
                + "imported" + (pending > 0 ? "; \(pending) not initialised yet, left out" : ""))
        return failed
    }

    /// Imports a document that belongs to no run, unless the target has one of that name.
    private func takeDocument(_ name: DocumentName, of folder: RunsFolder, _ target: ImportTarget) throws {
        guard let bytes = try folder.document(name) else { return }
        guard let store = target.whole?.store else {
            return say("left out: \(name), since a server has the runs directory")
        }
        let there = try store.document(name)
        if there == bytes { return }
        if try there != nil || !store.replace(name, nil, by: bytes) {
            say("left out: \(name), since there are others already")
        }
    }
}
