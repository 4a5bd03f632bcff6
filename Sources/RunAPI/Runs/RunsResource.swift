internal import Access
internal import HTTPServer
internal import JSON
internal import LocalFiles
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs`, `/runs/{id}`, `/runs/{id}/complete` and `/runs/{id}/resume`.
extension RunAPI {
    static let runRoutes: [Route] = [
        Route("createRun", .post, "/runs", .write, body: startForms, on: .bySize, submit: RunAPI.createRun)
            .about(.made),
        Route("readRun", .get, "/runs/{id}", .read, reply: RunAPI.readRun),
        Route(
            "initialiseRun", .put, "/runs/{id}", .write, body: startForms, on: .bySize, submit: RunAPI.initialiseRun),
        Route(
            "completeRun", .post, "/runs/{id}/complete", .write, body: startForms, on: .long,
            submit: RunAPI.completeRun),
        Route("resumeRun", .post, "/runs/{id}/resume", .write, submit: RunAPI.resumeRun),
        Route("purgeRun", .delete, "/runs/{id}", .admin, query: .fields, submit: RunAPI.purgeRun),
    ]

    /// The forms of the body of a run's start and end.
    private static let startForms = BodyUse.document([.json, .form, .multipart])

    func createRun(_ request: RunRequest) throws { try initialise(.active(request.session), request) }

    func initialiseRun(_ request: RunRequest, _ run: RunID) throws { try initialise(.run(run), request) }

    private func initialise(_ target: RunTarget, _ request: RunRequest) throws {
        let exchange = request.exchange
        let isEmpty = exchange.body.isEmpty
        let start = isEmpty ? RunStart() : try RunStartReading.read(try body(of: request), settings.names)
        submit(RunWrite(target, .initialise(session: request.session, start)), exchange) { result in
            self.replyWithRun(result, exchange) { outcome in
                outcome.existed ? (200, []) : (201, [("Location", "/runs/\(outcome.run?.description ?? "")")])
            }
        }
    }

    func completeRun(_ request: RunRequest, _ target: RunTarget) throws {
        let exchange = request.exchange
        if case .active = target { _ = try existingRun(target) }
        let end = try exchange.body.isEmpty ? RunEnd() : RunEndReading.read(body(of: request))
        store.submit(RunWrite(target, .complete(end))) { result in
            exchange.note(result, of: target)
            self.replyWithRun(result, exchange, ends: true) { ($0.effect == .pending ? 202 : 200, []) }
        }
    }

    func resumeRun(_ request: RunRequest, _ target: RunTarget) throws {
        let exchange = request.exchange
        if case .active = target { _ = try existingRun(target) }
        store.submit(RunWrite(target, .resume(session: request.session))) { result in
            exchange.note(result, of: target)
            self.replyWithRun(result, exchange) { _ in (200, []) }
        }
    }

    func purgeRun(_ request: RunRequest, _ target: RunTarget) throws {
        let exchange = request.exchange
        var parameters = try QueryParameters(exchange, names: ["force"])
        let force = try parameters.flag("force")
        let run = try existingRun(target)
        exchange.subjects = [run.description]
        store.submit(RunWrite(.run(run), .purge(force: force))) { result in
            self.answer(exchange) {
                do { _ = try result.get() } catch StoreError.unknownRun {
                    throw Problem.unknownRun(run.description)
                }
                return HTTPResponse(status: 204)
            }
        }
    }

    /// Replies with the run's present state: as the write left it, or read from the store on a worker.
    /// - Parameter ends: whether the run has ended, so that its files are updated
    func replyWithRun<Failure: Error>(
        _ result: Result<WriteOutcome, Failure>, _ exchange: HTTPExchange, ends: Bool = false,
        _ head: @escaping @Sendable (WriteOutcome) -> (status: Int, headers: [(name: String, value: String)])
    ) {
        if case .success(let outcome) = result, let snapshot = outcome.snapshot {
            return answer(exchange) {
                let (status, headers) = head(outcome)
                return .json(status, .object(represent(snapshot)), headers: headers)
            }
        }
        exchange.onWorker(.quick) {
            self.answer(exchange) {
                let outcome = try result.get()
                guard let run = outcome.run else { throw Problem.noActiveRun }
                if ends { self.store.settle(run) }
                let (status, headers) = head(outcome)
                // The write is done, even if the run cannot be read now (no descriptors left).
                let snapshot = try? self.store.snapshot(of: run)
                let body = snapshot.map { self.represent($0) } ?? Self.unread(run)
                return .json(status, .object(body), headers: headers)
            }
        }
    }

    func readRun(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        let run = try existingRun(target)
        guard let snapshot = try store.snapshot(of: run) else { throw Problem.unknownRun(run.description) }
        return .json(200, .object(represent(snapshot)))
    }

    /// A run as JSON: the columns of `ls_runs()`, its status, when it was last written to, links.
    func represent(_ snapshot: RunSnapshot) -> JSONObject {
        var run = snapshot.summary.columns
        run["status"] = .string(snapshot.status.rawValue)
        run["updated"] = .number(JSONNumber(snapshot.updated))
        run["links"] = Self.links(of: snapshot.run)
        return run
    }

    /// The same for a run that was just written to and cannot be read.
    private static func unread(_ run: RunID) -> JSONObject {
        [
            "run": .string(run.description), "status": .string(RunStatus.behind.rawValue),
            "updated": .number(JSONNumber((wallClock() * 1000).rounded() / 1000)), "links": links(of: run),
        ]
    }

    static func links(of run: RunID) -> JSONValue {
        [
            "self": .string("/runs/\(run)"), "metadata": .string("/runs/\(run)/metadata"),
            "files": .string("/runs/\(run)/files"), "bundle": .string("/runs/\(run)/bundle.tar.gz"),
        ]
    }
}

extension HTTPExchange {
    /// Notes for the audit log which run a write was about, if the path does not name it.
    func note(_ result: Result<WriteOutcome, StoreError>, of target: RunTarget) {
        guard case .active = target, case .success(let outcome) = result, let run = outcome.run else { return }
        subjects = [run.description]
    }
}
