internal import Access
package import HTTPServer
package import Limits
package import LocalFiles
package import Logging
package import MetadataWriters
package import RunMetadata
package import RunStore

/// The HTTP interface of a run store: maps requests to store calls and their results to replies. It knows no paths on
/// disk.
///
/// `RunAPI.routes` has every route. `AccessChecks` checks every request before it.
package final class RunAPI: HTTPHandler {
    /// The settings of the API.
    package struct Settings: Sendable {
        /// The largest body in memory, bytes.
        package var maxBody = 16 << 20
        /// Bytes of large bodies that are read at the same time: reading one takes some ten times its memory.
        package var parsedBytes = 64 << 20
        /// The largest upload, bytes.
        package var maxUpload = 4 << 30
        /// Fields and files of a form.
        package var maxEntries = 100_000
        /// The most names in a request.
        package var names = NameLimits()
        /// Bodies up to this size are read on the polling thread; larger ones on a worker.
        package var inlineBody = 64 << 10
        /// Executables of custom types that run at once.
        package var writerJobs = 2
        /// The most executables that wait for their turn.
        package var writerQueue = 256
        /// Limits of event readers.
        package var events = EventHub.Limits()

        package init() {}
    }

    let store: any RunStore
    /// The place of spooled bodies.
    let scratch: Scratch
    /// Can be replaced while requests are served.
    package let registered: RegisteredWriters
    let jobs: WriterJobs
    let settings: Settings
    let log: Logger
    /// Sends events to clients.
    let hub: EventHub
    let digests = FileDigests()
    let recentWrites = RecentWrites()
    /// Memory for the large bodies that are being read.
    package let parsing: Reserve
    /// Seconds for which pending data is kept; nil: until its run is initialised.
    let pendingAge: Double?
    /// Whether the store counts by sender.
    private let countsSenders: Bool
    /// Counts requests; other parts may add gauges.
    package let telemetry = Telemetry(RunAPI.routes)

    package init(
        store: any RunStore, scratch: Scratch, writers: WriterRegistry, settings: Settings = Settings(),
        log: Logger = Logger(label: "api")
    ) {
        self.store = store
        self.scratch = scratch
        registered = RegisteredWriters(writers)
        jobs = WriterJobs(threads: settings.writerJobs, limit: settings.writerQueue)
        self.settings = settings
        parsing = Reserve(Limit(.bytes, most: settings.parsedBytes))
        self.log = log
        hub = EventHub(feed: store.changes, settings.events)
        pendingAge = store.rules.pendingAge
        countsSenders = store.rules.mostPendingOfSender != nil
        let jobs = jobs
        telemetry.addGauge("rundir_writers_running", "Running executables of custom types.") {
            Double(jobs.counts.running)
        }
        telemetry.addGauge("rundir_writers_waiting", "Waiting executables of custom types.") {
            Double(jobs.counts.waiting)
        }
    }

    var writers: WriterRegistry { registered.current }

    /// Ends jobs of requests that run on other threads than the server's.
    package func stop() {
        jobs.stop()
        hub.stop()
    }

    deinit { hub.stop() }

    /// A request's sender, as the store counts them: by token; nil if nothing depends on it.
    func sender(of exchange: HTTPExchange) -> String? { countsSenders ? exchange.grant.token?.id : nil }

    // MARK: HTTPHandler

    package func accept(_ exchange: HTTPExchange) -> BodyPlan {
        do {
            // The checks before the handler have called it already.
            if exchange.context == nil { _ = try need(of: exchange) }
            if let write = exchange.context as? MetadataWrite { return gather(write) }
            guard let routed = exchange.context as? RoutedRequest else { return .refuse(try options(exchange)) }
            let route = routed.route
            // An unknown type, or a method that the path does not have, is reported rather than an unknown parameter.
            if route.query == .none, exchange.hasQuery, (try? route.isOffered(self, routed.values)) != false {
                _ = try QueryParameters(exchange, names: [])
            }
            let request = try RunRequest(exchange)
            var values = routed.values
            values.session = request.session
            return try route.accept(self, request, values)
        } catch {
            return .refuse(response(for: error, exchange))
        }
    }

    package func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        let problem = Problem(error)
        if problem.isOurs {
            let request =
                exchange.map { "\($0.method.name) \(String(decoding: $0.path.prefix(1024), as: UTF8.self))" }
                ?? "a request"
            let reason = error is Problem || error is HTTPFault ? problem.detail : "\(error)"
            log.error("\(request): \(problem.status): \(reason)", metadata: ["request_id": "\(id)"])
        } else {
            log.debug("\(problem.status): \(problem.detail)", metadata: ["request_id": "\(id)"])
        }
        return problem.response(requestID: id.description)
    }

    package func completed(_ exchange: HTTPExchange) { telemetry.count(exchange) }
}
