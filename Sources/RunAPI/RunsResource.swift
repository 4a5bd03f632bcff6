internal import HTTPServer
internal import JSON
internal import LocalFiles
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs`, `/runs/{id}` and `/runs/{id}/complete`.
extension RunAPI {
    func initialise(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        if isInline(request, exchange) { return submitStart(request, exchange) }
        exchange.handOver(to: .long) {
            self.submitStart(request, exchange)
            exchange.wakeServer()
        }
    }

    private func submitStart(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        do {
            let isEmpty = exchange.body.isEmpty
            let start = isEmpty ? RunStart() : try RunStartReading.read(try body(of: exchange, request), settings.names)
            submit(RunWrite(request.target, .initialise(session: request.session, start)), exchange) { result in
                self.replyWithRun(result, exchange) { outcome in
                    outcome.existed
                        ? (200, [])
                        : (201, [("Location", "/runs/\(outcome.run?.description ?? "")")])
                }
            }
        } catch {
            exchange.respond(response(for: error, exchange))
        }
    }

    func complete(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        exchange.handOver(to: .long) {
            do {
                let end = try exchange.body.isEmpty ? RunEnd() : RunEndReading.read(self.body(of: exchange, request))
                self.store.submit(RunWrite(request.target, .complete(end))) { result in
                    self.replyWithRun(Self.naming(result, request), exchange, ends: true) {
                        ($0.effect == .pending ? 202 : 200, [])
                    }
                }
            } catch { exchange.respond(self.response(for: error, exchange)) }
            exchange.wakeServer()
        }
    }

    func resume(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        store.submit(RunWrite(request.target, .resume(session: request.session))) { result in
            self.replyWithRun(Self.naming(result, request), exchange) { _ in (200, []) }
        }
    }

    /// What came of a write to a run that has to be there: where the session has none, that is what is told.
    private static func naming(
        _ result: Result<WriteOutcome, StoreError>, _ request: RoutedRequest
    ) -> Result<WriteOutcome, any Error> {
        result.mapError { error in
            if case .active = request.target, error == .unknownRun { return Problem.noActiveRun }
            return error
        }
    }

    func purge(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        do {
            var parameters = try QueryParameters(exchange, names: ["force"])
            let force = try parameters.flag("force")
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

    /// Answers with the run as it is now: as the write left it, or read from the disk on a worker.
    /// - Parameter ends: whether the run has ended, so that its files are brought up to date
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
                // The write is done, whether the run can be read now or not (for want of descriptors).
                let snapshot = try? self.store.snapshot(of: run)
                let body = snapshot.map { self.represent($0) } ?? Self.unread(run)
                return .json(status, .object(body), headers: headers)
            }
        }
    }

    func readRun(_ request: RoutedRequest) throws -> HTTPResponse {
        let run = try existingRun(request)
        guard let snapshot = try store.snapshot(of: run) else { throw Problem.unknownRun(run.description) }
        return .json(200, .object(represent(snapshot)))
    }

    /// A run as it is told: the columns of `ls_runs()`, its status, when it was written to, links.
    func represent(_ snapshot: RunSnapshot) -> JSONObject {
        var run = snapshot.summary.columns
        run["status"] = .string(snapshot.status.rawValue)
        run["updated"] = .number(JSONNumber(snapshot.updated))
        run["links"] = Self.links(of: snapshot.run)
        return run
    }

    /// The same of one that was written to just now, and cannot be read.
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
