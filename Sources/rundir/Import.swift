import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import MLflowAPI
import MetadataWriters
import RunMetadata
import RunStore

/// `rundir import`.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Import runs: bundles of GET /runs/{id}/bundle.tar.gz, directories of runs, what MLflow has.",
        discussion: """
            A bundle is a tar, tar.gz or zip with one folder, whose name is the run's id; a directory is one with tfruns.d \
            in it, such as tfruns makes. Each comes in whole or not at all. A server may have the runs directory; it serves \
            the run at once. Exits with 1 when one was not brought in.

            With --from mlruns, a source is the folder of MLflow's file store; with --from mlflow, the address of a server \
            of MLflow, such as http://host:5000: experiments, runs with all values of their metrics, params, tags and \
            artifacts, and from a server also datasets and logged models; deleted ones go to the archive. No server may have \
            the runs directory meanwhile. It can be stopped and begun again: runs that are there are passed over. The \
            server is asked as MLflow's clients ask: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and \
            MLFLOW_TRACKING_PASSWORD; MLFLOW_TRACKING_SERVER_CERT_PATH, MLFLOW_TRACKING_INSECURE_TLS.
            """)

    /// What a source is.
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
            "What the sources are: run (a bundle or a run's directory), mlruns or mlflow (a server).",
            valueName: "origin"))
    var from = Origin.run

    @Option(help: ArgumentHelp("The runs directory; created if missing. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

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
        let store = try openUnlessTaken()
        defer { store?.close() }
        var failures = 0
        for source in sources {
            do {
                print("imported \(try take(source))")
            } catch {
                failures += 1
                let reason = (error as? MetadataFault)?.detail ?? "\(error)"
                let line = Array("rundir import: \(source.shown()): \(reason.shown())\n".utf8)
                _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            }
        }
        if failures > 0 { throw ExitCode(1) }
    }

    /// Opens the runs directory, which recovers from a crash and locks servers out; nil if a server has it open.
    private func openUnlessTaken() throws -> DirectoryRunStore? {
        do { return try DirectoryRunStore(runs: runs) } catch {
            if error.isTaken { return nil }
            throw error
        }
    }

    /// Imports a run.
    /// - Returns: its id
    private func take(_ source: String) throws -> RunID {
        let run = try RunImport(runs: runs)
        var status = stat()
        guard stat(source, &status) == 0 else {
            throw RunImport.Refusal(String(cString: strerror(errno)))
        }
        let name: String
        if status.st_mode & S_IFMT == S_IFDIR {
            name = try copy(source, into: run)
        } else {
            name = try BundleReader.unpack(source, into: run, budget: budget)
        }
        let id = try self.id.flatMap(RunID.init) ?? checked(name)
        try run.finish(as: id)
        return id
    }

    private func copy(_ source: String, into run: RunImport) throws -> String {
        guard let real = realpath(source, nil) else {
            throw RunImport.Refusal(String(cString: strerror(errno)))
        }
        defer { free(real) }
        let name = String(cString: real).split(separator: "/").last.map(String.init) ?? ""
        let id = try id.flatMap(RunID.init) ?? checked(name)
        try BundleReader.copy(try DirectoryBundle(directory: source, as: id), into: run, budget: budget)
        return name
    }

    private func checked(_ name: String) throws -> RunID {
        guard let id = RunID(name) else {
            throw RunImport.Refusal(
                "its folder is \"\(name.shown())\", which is not a run id; give it one with --as (\(RunID.rule))")
        }
        return id
    }
}
