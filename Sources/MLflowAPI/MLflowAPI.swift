package import HTTPServer
internal import JSON
package import Limits
package import LocalFiles
package import Logging
internal import RunMetadata
package import RunStore

/// MLflow's REST API over a run store, so that MLflow's own clients work unchanged. `README.md` in this folder lists
/// how experiments, params, metrics, tags and artifacts are stored.
///
/// `MLflowAPI.routes` has all routes. Checks that apply to every request are made before (`AccessChecks`).
package final class MLflowAPI: HTTPHandler {
    /// The settings of the API.
    package struct Settings: Sendable {
        /// The largest body in memory, bytes.
        package var maxBody = 16 << 20
        /// The largest artifact, bytes.
        package var maxUpload = 4 << 30
        /// Bodies up to this size are read on the polling thread; larger ones on a worker.
        package var inlineBody = 64 << 10

        package init() {}
    }

    /// The paths that the API answers, for `PrefixedHandlers`.
    package static let prefixes = ["api", "ajax-api"].flatMap { root in
        ["2.0/mlflow", "3.0/mlflow", "2.0/mlflow-artifacts"].map { "/\(root)/\($0)" }
    }

    let store: any RunStore
    let experiments: Experiments
    let histories = MetricHistories()
    /// Where uploads are staged.
    let scratch: Scratch
    let settings: Settings
    /// The memory for large bodies that are being parsed.
    private let parsing: Reserve
    /// Counts requests, and writes the errors of checks that are made before this API.
    private let main: any HTTPHandler
    private let log: Logger

    /// - Parameters:
    ///   - main: the handler of all other paths
    ///   - parsing: the bytes of large bodies that are parsed at the same time; shared with other parts of the server
    package init(
        store: any RunStore & DocumentStore, scratch: Scratch, settings: Settings = Settings(),
        parsing: Reserve = Reserve(Limit(.bytes, most: 64 << 20)), beside main: any HTTPHandler,
        log: Logger = Logger(label: "mlflow")
    ) {
        self.store = store
        experiments = Experiments(store)
        (self.scratch, self.settings, self.parsing, self.main, self.log) = (scratch, settings, parsing, main, log)
    }

    // MARK: HTTPHandler

    package func accept(_ exchange: HTTPExchange) -> BodyPlan {
        do {
            let (route, values) = try Self.routes.match(exchange.method, exchange.path)
            return try route.accept(self, exchange, values)
        } catch {
            return .refuse(response(for: error, exchange))
        }
    }

    package func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        guard let found = MLflowError(error) else {
            // An error that another part has written, in MLflow's form.
            let problem = main.response(to: error, of: id, in: exchange)
            var response = MLflowError(problem: problem).response
            response.headers += problem.headers.filter { !["Content-Type", "Retry-After"].contains($0.name) }
            response.closes = problem.closes
            return response
        }
        if found.code == .internalError {
            let request = exchange.map { "\($0.method.name) \(String(decoding: $0.path.prefix(1024), as: UTF8.self))" }
            log.error("\(request ?? "a request"): \(error)", metadata: ["request_id": "\(id)"])
        }
        return found.response
    }

    package func completed(_ exchange: HTTPExchange) { main.completed(exchange) }
}

/// Running handlers.
extension MLflowAPI {
    /// Runs a request's job on the given threads. If the job throws, the error becomes the reply. Call it once, on the
    /// polling thread, when the request is complete.
    func run(on threads: MLflowRoute.Threads, _ exchange: HTTPExchange, _ job: @escaping @Sendable () throws -> Void) {
        switch threads {
        case .bySize where exchange.body.count <= settings.inlineBody: answer(exchange, job)
        case .quick where exchange.body.count <= settings.inlineBody: runOnWorker(.quick, exchange, job)
        case .bySize, .quick, .long: runOnWorker(.long, exchange) { try self.withMemory(for: exchange, job) }
        }
    }

    /// Runs a job that reads a body. Refuses it if too much memory is in use for other bodies.
    /// - Throws: `Reserve.Exhausted`
    private func withMemory(for exchange: HTTPExchange, _ job: () throws -> Void) throws {
        let share = try parsing.share(min(exchange.body.count, parsing.limit.most))
        defer { share.giveBack() }
        try job()
    }

    private func runOnWorker(
        _ kind: Workers.Kind, _ exchange: HTTPExchange, _ job: @escaping @Sendable () throws -> Void
    ) {
        exchange.handOver(to: kind) {
            self.answer(exchange, job)
            // The job may have submitted a write, which the polling thread commits.
            exchange.wakeServer()
        }
    }

    /// Runs a job that replies itself. If it throws, replies with the error.
    func answer(_ exchange: HTTPExchange, _ job: () throws -> Void) {
        do { try job() } catch { exchange.respond(response(for: error, exchange)) }
    }

    /// Replies with an object.
    func reply(_ exchange: HTTPExchange, _ object: JSONObject = JSONObject()) {
        exchange.respond(MLflowJSON.response(object))
    }

    /// Submits a write, and replies when it is done.
    /// - Parameter make: makes the reply from the outcome; must not block
    func submit(
        _ write: RunWrite, _ exchange: HTTPExchange,
        reply make: @escaping @Sendable (WriteOutcome) throws -> JSONObject = { _ in JSONObject() }
    ) {
        store.submit(write) { result in
            self.answer(exchange) { self.reply(exchange, try make(try self.outcome(result, of: write))) }
        }
    }

    /// The outcome of a write. If the run is unknown, the error names it.
    func outcome(_ result: Result<WriteOutcome, StoreError>, of write: RunWrite) throws -> WriteOutcome {
        do { return try result.get() } catch StoreError.unknownRun {
            if case .run(let run) = write.target { throw MLflowError.unknownRun(run.description) }
            throw StoreError.unknownRun
        }
    }

    /// Submits writes and waits for them. Only for worker threads.
    func submitAndWait(_ writes: [RunWrite], _ exchange: HTTPExchange) -> [Result<WriteOutcome, StoreError>] {
        store.submitAndWait(writes) { exchange.wakeServer() }
    }

    func response(for error: any Error, _ exchange: HTTPExchange) -> HTTPResponse {
        response(to: error, of: exchange.id, in: exchange)
    }
}
