import ArgumentParser
import Glibc
import MetadataWriters
import RunMetadata
import RunStore

/// `rundir import`.
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring runs in: bundles of GET /runs/{id}/bundle.tar.gz, and directories of runs.",
        discussion: """
            A bundle is a tar, tar.gz or zip with one folder, whose name is the run's id; a directory is one with tfruns.d \
            in it, such as tfruns makes. Each comes in whole or not at all. A server may have the runs directory; it serves \
            the run at once. Exits with 1 when one was not brought in.
            """)

    @Option(help: ArgumentHelp("The runs directory; made where it is missing. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    @Option(name: .customLong("as"), help: ArgumentHelp("The id that the run gets, where it is one.", valueName: "id"))
    var id: String?

    @Argument(help: ArgumentHelp("What is brought in.", valueName: "bundle or directory"))
    var sources: [String]

    func validate() throws {
        guard let id else { return }
        if sources.count > 1 { throw ValidationError("--as is for one run, and here are \(sources.count)") }
        if RunID(id) == nil { throw ValidationError("--as is \"\(id)\"; \(RunID.rule)") }
    }

    func run() throws {
        Process.prepare()
        let store = try openUnlessTaken()
        defer { store?.close() }
        var failures = 0
        for source in sources {
            do {
                print("imported \(try take(source))")
            } catch {
                failures += 1
                let reason = (error as? MetadataFault)?.detail ?? "\(error)"
                let line = Array("rundir import: \(source): \(reason)".plain(limit: 4096).utf8) + [UInt8(ascii: "\n")]
                _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            }
        }
        if failures > 0 { throw ExitCode(1) }
    }

    /// Opens the runs directory, which does what a crash left undone, and keeps servers out. Where a server has it, that has
    /// been done.
    private func openUnlessTaken() throws -> DirectoryRunStore? {
        do { return try DirectoryRunStore(runs: runs) } catch {
            if error.isTaken { return nil }
            throw error
        }
    }

    /// Brings a run in.
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
            name = try BundleReader.unpack(source, into: run)
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
        try BundleReader.copy(try RunBundle(directory: source, as: id), into: run)
        return name
    }

    private func checked(_ name: String) throws -> RunID {
        guard let id = RunID(name) else {
            throw RunImport.Refusal(
                "its folder is \"\(name)\", which is no run id; give it one with --as (\(RunID.rule))")
        }
        return id
    }
}
