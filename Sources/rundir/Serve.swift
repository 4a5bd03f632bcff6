import Access
import ArgumentParser
import Glibc
import HTTPServer
import Limits
import Logging
import MLflowAPI
import MetadataWriters
import RunAPI
import RunStore

/// `rundir serve`.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve a runs directory over HTTP.")

    @OptionGroup var options: ServeOptions

    func run() throws {
        Process.prepare()
        try Process.openDispatchDescriptors()
        let signals = StopSignals()
        Process.keepMemoryFree()
        // Clients that connect while the store is being opened wait.
        let sockets = try options.listening.sockets(host: options.host, port: options.port)
        defer { for socket in sockets { socket.removeFile() } }
        let control = try options.access.control(runs: options.runs, isLocal: sockets.allSatisfy(\.isLocal))
        let served = try ServedStore(options)
        let (store, scratch) = (served.store, served.scratch)
        // On every exit: threads may be running even if the server fails to start.
        defer { served.close() }
        let api = RunAPI(
            store: store, scratch: scratch,
            writers: try options.writers.registry(store: store, scratch: scratch, options: options),
            settings: options.apiSettings, log: Logger(label: "api"))
        defer { api.stop() }
        if !ExecutableWriter.isConfined { Logger(label: "writers").warning("\(ExecutableWriter.unconfined)") }
        let mlflow = MLflowAPI(
            store: store, scratch: scratch, settings: options.mlflowSettings, parsing: api.parsing,
            beside: api, log: Logger(label: "mlflow"))
        let keeper = control.isOff ? nil : AccessKeeper(control)
        let audit = AuditLog(AuditFolder(runs: options.runs), options.access.auditLimits)
        // After all requests, so that their entries are written.
        defer {
            keeper?.stop()
            audit.stop()
        }
        api.telemetry.addCounter(
            "rundir_audit_lost_total", "Entries of the audit log that could not be written."
        ) { Double(audit.lostCount) }
        api.telemetry.addCounter(
            "rundir_pending_dropped_total", "Pending runs that were dropped for their age (--keep-pending)."
        ) { Double(store.droppedCount) }
        let checks = AccessChecks(
            origins: RequestOrigin(allowed: options.hostRules, sharing: options.access.sharing), control: control,
            rates: options.access.rates, audit: RequestAudit(audit))
        let mlflowBehindChecks = checks.before(mlflow)
        let handler = PrefixedHandlers(
            MLflowAPI.prefixes.map { ($0, mlflowBehindChecks) }, otherwise: checks.before(api))
        let workers = Workers(threads: options.workers)
        defer { workers.stop() }
        let tls = try CertificateWatch(options)
        defer { tls?.stop() }
        let server = try HTTPServer(
            sockets: sockets, tls: tls?.credentials, limits: options.limits, handler: handler,
            work: served.work, workers: workers)

        // Retains the server until the store is closed: workers and the store's own threads may wake it until then.
        served.work?.store.onWaiting { server.wake() }
        let count = served.runCount
        let scheme = tls == nil ? "http" : "https"
        let addresses = sockets.map { $0.isOfNetwork ? "\(scheme)://\($0.address)" : $0.address }
        let address = addresses.joined(separator: " and ")
        signals.beginServing()
        print("rundir on \(address), \(served.place): \(count) run\(count == 1 ? "" : "s")")
        if let pin = tls?.pinToTell, server.port != 0 {
            print("its certificate is self-signed: curl --insecure --pinnedpubkey '\(pin)' \(addresses[0])")
        }
        fflush(nil)
        tls?.start()
        signals.waitForStop {
            reload(api, served)
            tls?.reload()
        }
        Process.end(within: server.limits.drainSeconds + Self.secondsToEnd)
        api.stop()
        let areRequestsOver = server.stop()
        if areRequestsOver, workers.stop(within: Self.secondsForWorkers) { return }
        keeper?.stop()
        audit.stop()
        Logger(label: "serve").warning("requests took too long and were cut off")
        // Their threads may still use what a normal exit would free. The store is closed nonetheless.
        served.close()
        for socket in sockets { socket.removeFile() }
        fflush(nil)
        _exit(EXIT_SUCCESS)
    }

    /// Seconds for jobs that still run after their requests have ended.
    private static let secondsForWorkers = 2.0
    /// Seconds for everything after the requests in flight, such as updating the run directories.
    private static let secondsToEnd = 20

    /// Registers the writers in the folder, or keeps the previous ones on a fault.
    private func reload(_ api: RunAPI, _ served: ServedStore) {
        let log = Logger(label: "writers")
        do {
            let registry = try options.writers.registry(
                store: served.store, scratch: served.scratch, options: options)
            api.registered.replace(by: registry)
            log.notice("registered \(registry.writers.count) types")
        } catch {
            api.registered.keep(because: "\(error)")
            log.error("the previous writers stay registered: \(error)")
        }
    }
}

/// Commits the writes of one polling round.
struct StoreCommits: GatheredWork {
    let store: any GroupCommit

    var isWaiting: Bool { store.hasWaitingWrites }
    func perform() { store.commit() }
}
