import ArgumentParser
import Glibc
import HTTPServer
import Logging
import MetadataWriters
import RunAPI
import RunStore

/// `rundir serve`.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve a runs directory over HTTP.")

    @OptionGroup var options: ServeOptions

    func run() throws {
        Process.prepare()
        let level = options.logLevel.level
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let signals = Process.StopSignals()
        let store = try DirectoryRunStore(
            runs: options.runs, settings: options.storeSettings, log: Logger(label: "store"))
        let api = RunAPI(
            store: store, writers: try registry(store), settings: options.apiSettings, log: Logger(label: "api"))
        let workers = WorkerPool(threads: options.workers)
        let server = try HTTPServer(
            socket: ListeningSocket(host: options.host, port: options.port), limits: options.limits, handler: api,
            work: StoreCommits(store: store), workers: workers)

        store.onWaiting { [unowned server] in server.wake() }
        let count = store.runCount()
        let host = options.host.contains(":") ? "[\(options.host)]" : options.host
        let address = "http://\(host):\(server.port)"
        print("rundir on \(address), runs in \(options.runs): \(count) run\(count == 1 ? "" : "s")")
        fflush(nil)
        signals.wait()
        if !server.stop() { Logger(label: "serve").warning("requests were in flight for too long, and were cut off") }
        workers.stop()
        store.close()
    }

    private func registry(_ store: DirectoryRunStore) throws -> WriterRegistry {
        let source = SourceWriter(
            roots: options.sourceRoots, limits: SourceWriter.Limits(bytes: options.maxUpload),
            makeStagingFile: { try store.makeStagingFile() })
        return try WriterRegistry(WriterRegistry.standard(source: source))
    }
}

/// Commits what the requests of one round of polling have asked for.
struct StoreCommits: GatheredWork {
    let store: any RunStore

    var isWaiting: Bool { store.hasWaitingWrites }
    func perform() { store.commit() }
}
