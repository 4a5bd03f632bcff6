package import HTTPServer
package import LocalFiles
package import Logging
package import MetadataWriters
package import RunMetadata
package import RunStore

/// The HTTP face of a run store: requests in, store calls, replies out. It sees no path on disk.
package final class RunAPI: HTTPHandler {
    /// What the API may be told.
    package struct Settings: Sendable {
        /// Largest body of a type that is held in memory, bytes.
        package var maxBody = 16 << 20
        /// Largest upload, bytes.
        package var maxUpload = 4 << 30
        /// Fields and files of a form.
        package var maxEntries = 100_000
        /// How many names a request may have.
        package var names = NameLimits()
        /// Bodies up to this size are read on the polling thread; larger ones on a worker.
        package var inlineBody = 64 << 10
        /// Executables of custom types that run at once.
        package var writerJobs = 2
        /// Executables that may wait for their turn.
        package var writerQueue = 256
        /// Hosts that requests may name beside those of this machine.
        package var allowedHosts: [HostRule] = []

        package init() {}
    }

    let store: any RunStore
    /// Where bodies are spooled.
    let scratch: Scratch
    /// Can be exchanged while requests are served.
    package let registered: RegisteredWriters
    let jobs: WriterJobs
    let settings: Settings
    let log: Logger
    /// Tells readers what happens to runs.
    let hub: EventHub
    let tables = MetricsTables()
    let digests = FileDigests()
    let recentRoutes = RecentRoutes()
    /// Counts requests; others may show numbers of theirs there.
    package let telemetry = Telemetry()
    private let origin: RequestOrigin

    package init(
        store: any RunStore, scratch: Scratch, writers: WriterRegistry, settings: Settings = Settings(),
        log: Logger = Logger(label: "api")
    ) {
        self.store = store
        self.scratch = scratch
        registered = RegisteredWriters(writers)
        jobs = WriterJobs(threads: settings.writerJobs, limit: settings.writerQueue)
        self.settings = settings
        self.log = log
        origin = RequestOrigin(hosts: AllowedHosts(settings.allowedHosts))
        hub = EventHub(feed: store.changes)
        let jobs = jobs
        telemetry.addGauge("rundir_writers_running", "Executables of custom types that run.") {
            Double(jobs.counts.running)
        }
        telemetry.addGauge("rundir_writers_waiting", "Executables of custom types that wait for their turn.") {
            Double(jobs.counts.waiting)
        }
    }

    var writers: WriterRegistry { registered.current }

    /// Ends what runs for requests beside the server's own threads.
    package func stop() {
        jobs.stop()
        hub.stop()
    }

    deinit { hub.stop() }

    // MARK: HTTPHandler

    package func accept(_ exchange: HTTPExchange) -> BodyPlan {
        do {
            exchange.hasDigests = try origin.check(exchange).hasDigests
            if case .options = exchange.method { return .refuse(try options(exchange)) }
            let request = try route(exchange)
            exchange.context = request
            return try plan(for: request, exchange)
        } catch {
            return .refuse(response(for: error, exchange))
        }
    }

    package func respond(to exchange: HTTPExchange) {
        guard let request = exchange.context as? RoutedRequest else {
            return exchange.respond(fault(.internalFault, exchange))
        }
        switch request.operation {
        case .writeMetadata, .writeRunData, .mergeMetadata: writeMetadata(request, exchange)
        case .readMetadata: answerOnWorker(exchange, .quick) { try self.readMetadata(request) }
        case .listMetadata: answerOnWorker(exchange, .quick) { try self.listMetadata(request) }
        case .listRuns: answerOnWorker(exchange, .quick) { try self.listRuns(exchange) }
        case .listColumns: answerOnWorker(exchange, .quick) { try self.listColumns() }
        case .createRun, .initialiseRun: initialise(request, exchange)
        case .readRun: answerOnWorker(exchange, .quick) { try self.readRun(request) }
        case .completeRun: complete(request, exchange)
        case .resumeRun: resume(request, exchange)
        case .writeManyMetadata: writeMany(request, exchange)
        case .removeMetadata: removeMetadata(request, exchange)
        case .purgeRun: purge(request, exchange)
        case .listFiles, .readFile: readFile(request, exchange)
        case .writeFile: exchange.respond(fault(.internalFault, exchange))
        case .removeFile: removeFile(request, exchange)
        case .readBundle: answerOnWorker(exchange, .long) { try self.readBundle(request, exchange) }
        case .compareRuns: answerOnWorker(exchange, .long) { try self.compareRuns(request, exchange) }
        case .archiveRun: move(.archive, request, exchange)
        case .restoreRun: move(.restore, request, exchange)
        case .archiveRuns: answerOnWorker(exchange, .long) { try self.changeMany(.archive, exchange) }
        case .restoreRuns: answerOnWorker(exchange, .long) { try self.changeMany(.restore, exchange) }
        case .purgeRuns: answerOnWorker(exchange, .long) { try self.changeMany(.purge, exchange) }
        case .listTypes: answer(exchange) { listTypes() }
        case .readHealth: answer(exchange) { Self.health }
        case .readVersion: answerOnWorker(exchange, .quick) { Self.version }
        case .readPage: answerOnWorker(exchange, .quick) { try self.readPage(exchange) }
        case .readAsset: answerOnWorker(exchange, .quick) { try self.readAsset(request, exchange) }
        case .listProblems: answerOnWorker(exchange, .quick) { try self.listProblems(exchange) }
        case .readProblem: answerOnWorker(exchange, .quick) { try self.readProblem(exchange) }
        case .queryMetrics: answerOnWorker(exchange, .quick) { try self.queryMetrics(request, exchange) }
        case .querySeries: answerOnWorker(exchange, .quick) { try self.querySeries(request, exchange) }
        case .tailOutput: answerOnWorker(exchange, .quick) { try self.tailOutput(request, exchange) }
        case .readRunEvents: answerOnWorker(exchange, .quick) { try self.readRunEvents(request, exchange) }
        case .readEvents: answerOnWorker(exchange, .quick) { self.events(of: nil, exchange) }
        case .readReadiness: answerOnWorker(exchange, .quick) { try self.checkReadiness() }
        case .readServerMetrics: answerOnWorker(exchange, .quick) { try self.prometheus(exchange) }
        case .readOpenAPI: answerOnWorker(exchange, .quick) { OpenAPI.yaml }
        case .readOpenAPIAsJSON: answerOnWorker(exchange, .quick) { OpenAPI.json }
        }
    }

    package func response(to fault: HTTPFault, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        response(for: Problem(fault), of: id, exchange)
    }

    package func completed(_ exchange: HTTPExchange) { telemetry.count(exchange) }

    // MARK: Answers

    /// Answers with what `make` returns, or the problem that it throws.
    func answer(_ exchange: HTTPExchange, _ make: () throws -> HTTPResponse) {
        do { exchange.respond(try selected(try make(), exchange)) } catch {
            exchange.respond(response(for: error, exchange))
        }
    }

    /// What of a reply goes out to GET and HEAD.
    private func selected(_ response: HTTPResponse, _ exchange: HTTPExchange) throws -> HTTPResponse {
        switch exchange.method {
        case .get, .head: try SelectedReply(exchange).response(response)
        default: response
        }
    }

    /// The same on a worker, where it may block. To be called once while a request is being handled.
    /// - Parameter kind: `.quick` for what takes milliseconds, `.long` for what may take as long as it likes
    func answerOnWorker(
        _ exchange: HTTPExchange, _ kind: Workers.Kind, _ make: @escaping @Sendable () throws -> HTTPResponse
    ) {
        exchange.handOver(to: kind) { self.answer(exchange, make) }
    }

    /// The reply to whatever was thrown, which is logged where it is the server's own fault.
    func response(for error: any Error, _ exchange: HTTPExchange) -> HTTPResponse {
        response(for: error, of: exchange.id, exchange)
    }

    private func response(
        for error: any Error, of id: RequestID, _ exchange: HTTPExchange?
    ) -> HTTPResponse {
        let problem = Problem(error)
        if problem.isOurs {
            let request =
                exchange.map { "\($0.method.name) \(String(decoding: $0.path.prefix(1024), as: UTF8.self))" }
                ?? "a request"
            let reason = error is Problem ? problem.detail : "\(error)"
            log.error("\(request): \(problem.status): \(reason)", metadata: ["request_id": "\(id)"])
        } else {
            log.debug("\(problem.status): \(problem.detail)", metadata: ["request_id": "\(id)"])
        }
        return problem.response(requestID: id.description)
    }

    private func fault(_ problem: Problem, _ exchange: HTTPExchange) -> HTTPResponse {
        response(for: problem, exchange)
    }
}
