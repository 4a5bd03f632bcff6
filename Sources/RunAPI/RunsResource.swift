internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs`, `/runs/{id}` and `/runs/{id}/complete`.
extension RunAPI {
    func initialise(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        do {
            let isEmpty = exchange.body.isEmpty
            let start = isEmpty ? RunStart() : try RunStartReading.read(try body(of: exchange, request))
            store.submit(RunWrite(request.target, .initialise(session: request.session, start))) { result in
                self.replyWithRun(result, exchange) { outcome in
                    outcome.effect == .unchanged
                        ? (200, [])
                        : (201, [("Location", "/runs/\(outcome.run?.description ?? "")")])
                }
            }
        } catch {
            exchange.respond(response(for: error, exchange))
        }
    }

    func complete(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        if case .active = request.target, store.resolve(request.target) == nil {
            return exchange.respond(response(for: Problem.noActiveRun, exchange))
        }
        store.submit(RunWrite(request.target, .complete)) { result in
            self.replyWithRun(result, exchange) { ($0.effect == .pending ? 202 : 200, []) }
        }
    }

    func purge(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        do {
            let force = try PurgeQuery(exchange).force
            let run = try existingRun(request)
            store.submit(RunWrite(.run(run), .purge(force: force))) { result in
                self.answer(exchange) {
                    do { _ = try result.get() } catch StoreError.unknownRun {
                        throw Problem.unknownRun(run.description)
                    }
                    return HTTPResponse(status: 204)
                }
            }
        } catch {
            exchange.respond(response(for: error, exchange))
        }
    }

    /// Answers with the run as it is now, on a worker: it is read from the disk.
    private func replyWithRun(
        _ result: Result<WriteOutcome, StoreError>, _ exchange: HTTPExchange,
        _ head: @escaping @Sendable (WriteOutcome) -> (status: Int, headers: [(name: String, value: String)])
    ) {
        exchange.onWorker {
            self.answer(exchange) {
                let outcome = try result.get()
                guard let run = outcome.run else { throw Problem.noActiveRun }
                self.store.bringUpToDate(run)
                guard let snapshot = try self.store.snapshot(of: run) else { throw Problem.unknownRun(run.description) }
                let (status, headers) = head(outcome)
                return .json(status, .object(self.represent(snapshot)), headers: headers)
            }
        }
    }

    func getRun(_ request: RoutedRequest) throws -> HTTPResponse {
        let run = try existingRun(request)
        guard let snapshot = try store.snapshot(of: run) else { throw Problem.unknownRun(run.description) }
        return .json(200, .object(represent(snapshot)))
    }

    func listRuns(_ exchange: HTTPExchange) throws -> HTTPResponse {
        let query = try RunListQuery(exchange)
        var runs = try store.runs(limit: query.limit + 1, after: query.cursor)
        var next: String?
        var headers: [(name: String, value: String)] = []
        if runs.count > query.limit {
            runs.removeLast()
            if let last = runs.last {
                let cursor = RunListQuery.text(of: last.cursor)
                next = cursor
                let link = "</runs?limit=\(query.limit)&cursor=\(PercentEncoding.encode(cursor))>; rel=\"next\""
                headers = [("Link", link)]
            }
        }
        var page: JSONObject = ["runs": .array(runs.map { .object(represent($0)) })]
        page["next"] = next.map { .string($0) }
        return .json(200, .object(page), headers: headers)
    }

    /// A run as it is told: the columns of `ls_runs()`, its status, when it was written to, links.
    private func represent(_ snapshot: RunSnapshot) -> JSONObject {
        var run = snapshot.summary.columns
        run["status"] = .string(snapshot.status.rawValue)
        run["updated"] = .number(JSONNumber((snapshot.updated * 1000).rounded() / 1000))
        run["links"] = [
            "self": .string("/runs/\(snapshot.run)"), "metadata": .string("/runs/\(snapshot.run)/metadata"),
            "files": .string("/runs/\(snapshot.run)/files"), "bundle": .string("/runs/\(snapshot.run)/bundle.tar.gz"),
        ]
        return run
    }
}

/// What `DELETE /runs/{id}` asks for.
struct PurgeQuery {
    /// Whether a run that is not archived is removed too.
    var force = false

    init(_ exchange: HTTPExchange) throws(Problem) {
        guard let query = exchange.query else {
            throw .invalidQuery("the query has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8")
        }
        for (name, value) in query {
            guard name == "force" else { throw .invalidQuery("\"\(name)\" is not known here; there is force") }
            guard value == "true" || value == "false" else {
                throw .invalidQuery("force is \"\(value)\"; it has to be true or false")
            }
            force = value == "true"
        }
    }
}

/// What `GET /runs` asks for.
struct RunListQuery {
    /// Runs a page, 1 to 1000.
    var limit = 50
    var cursor: RunCursor?

    init(_ exchange: HTTPExchange) throws(Problem) {
        guard let query = exchange.query else {
            throw .invalidQuery("the query has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8")
        }
        for (name, value) in query {
            switch name {
            case "limit":
                guard let limit = Int(value), (1...1000).contains(limit) else {
                    throw .invalidQuery("limit is \"\(value)\"; it has to be a number from 1 to 1000")
                }
                self.limit = limit
            case "cursor":
                guard let cursor = Self.cursor(value) else {
                    throw .invalidQuery("cursor is \"\(value)\"; send the \"next\" of the page before, as it is")
                }
                self.cursor = cursor
            default: throw .invalidQuery("\"\(name)\" is not known here; there are limit and cursor")
            }
        }
    }

    /// A cursor as text: the start and the id.
    static func text(of cursor: RunCursor) -> String { "\(cursor.start)~\(cursor.run)" }

    private static func cursor(_ text: String) -> RunCursor? {
        let parts = text.split(separator: "~")
        guard parts.count == 2, let start = Double(parts[0]), let run = RunID(String(parts[1])) else { return nil }
        return RunCursor(start: start, run: run.description)
    }
}
