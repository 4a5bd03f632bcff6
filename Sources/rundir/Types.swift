import ArgumentParser
import DirectoryStore
import Glibc
import Limits
import LocalFiles
import Logging
import MetadataWriters
import RunStore

/// `rundir types`.
struct Types: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the registered types and what each accepts.",
        discussion: "With --check: exits with 1 if a writer cannot be registered or its executable cannot be started."
    )

    @OptionGroup var writers: WriterOptions

    @Flag(help: "Start every executable once, contained as by the server, with a body of one line feed.")
    var check = false

    func run() throws {
        Process.prepare()
        // Writers need a store. This one is empty, and is removed afterwards.
        var template = Array("/tmp/rundir-types-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw ValidationError("cannot make a temporary folder in /tmp") }
        let folder = String(cString: made)
        defer { DirectoryRunStore.remove(folder) }
        let log = Logger(label: "types") { _ in SwiftLogNoOpLogHandler() }
        let store = try DirectoryRunStore(runs: folder, log: log)
        defer { store.close() }
        let limits = SourceWriter.Limits(bytes: 0)
        let source = SourceWriter(roots: [], limits: limits) { try store.scratch.makeFile() }
        let context = FolderWriter.Context(store: store, scratch: store.scratch, limits: limits)
        var failures = 0
        for writer in try writers.registry(source: source, context).writers {
            print("\(writer.type): \(writer.summary.shown(atMost: .max))")
            print("    takes \(writer.accepts.joined(separator: ", ").shown(atMost: .max))")
            guard check, let executable = writer as? ExecutableWriter else { continue }
            let trial = try executable.trial()
            for line in trial.report.split(separator: "\n") { print("    \(String(line).shown(atMost: .max))") }
            if !trial.hasStarted { failures += 1 }
        }
        if check, !ExecutableWriter.isConfined { print(ExecutableWriter.unconfined) }
        if failures > 0 { throw ExitCode(1) }
    }
}
