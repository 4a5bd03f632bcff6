internal import HTTPServer
internal import JSON
internal import Limits
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/metadata` and `/runs/{id}/metadata/{type}`.
extension RunAPI {
    /// The reply to a write that has landed.
    private static let created = HTTPResponse(status: 201)

    /// The reply to a write that waits for its run.
    /// The reply to a write that waits for its run: says what publishes it.
    private static func pending(_ outcome: WriteOutcome, _ session: SessionName) -> HTTPResponse {
        let detail =
            if let run = outcome.run {
                "kept safe: the run \"\(run)\" has not been initialised. PUT /runs/\(run) initialises it, and publishes this"
            } else {
                "kept safe: no run is active in the session \"\(session)\". It becomes part of the next run that the session "
                    + "initialises (PUT /runs/{id} or POST /runs, with Run-Session: \(session))"
            }
        var body: JSONObject = ["status": "pending"]
        body["run"] = outcome.run.map { .string($0.description) }
        body["detail"] = .string(detail)
        return HTTPResponse(status: 202, type: "application/json", body: JSONWriter.compact(.object(body)))
    }

    func writeMetadata(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        if isInline(request, exchange) {
            submitMetadata(request, exchange)
        } else {
            exchange.handOver(to: .long) {
                self.submitMetadata(request, exchange)
                exchange.wakeServer()
            }
        }
    }

    /// Whether a body is read on the polling thread: a small one takes less time than handing it to another.
    func isInline(_ request: RoutedRequest, _ exchange: HTTPExchange) -> Bool {
        exchange.body.count <= settings.inlineBody && !request.body.isGzipped
    }

    private func submitMetadata(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        do {
            guard let writer = request.writer else { throw Problem.internalFault }
            let body = try body(of: exchange, request)
            if request.operation == .mergeMetadata {
                guard let writer = writer as? any PatchableWriter, case .json(let json) = body else {
                    throw Problem.internalFault
                }
                let (document, patch) = try writer.patch(from: json)
                submit(RunWrite(request.target, .patch(document, patch)), exchange, request, endsRun: false)
            } else {
                submit(try writer.changes(from: body, for: request.details), request, exchange)
            }
        } catch {
            exchange.respond(response(for: error, exchange))
        }
    }

    /// Has a slow writer make its changes when its turn comes, and asks the store for them.
    func submitSlowly(
        _ body: MetadataBody, _ writer: any MetadataWriter, _ request: RoutedRequest, _ exchange: HTTPExchange
    ) throws {
        let run = try store.resolve(request.target)?.description ?? "\(request.target)"
        let isTaken = jobs.run("\(run) \(writer.type)") { done in
            do {
                self.submit(try writer.changes(from: body, for: request.details), request, exchange, whenDone: done)
                exchange.wakeServer()
            } catch {
                done()
                exchange.respond(self.response(for: error, exchange))
            }
        }
        if !isTaken { throw jobs.isStopping ? WriterFailure.stopping : WriterFailure.busy }
    }

    /// Asks the store for the changes that a writer made, and answers when they have landed.
    func submit(
        _ changes: [DataChange], _ request: RoutedRequest, _ exchange: HTTPExchange,
        whenDone: (@Sendable () -> Void)? = nil
    ) {
        let endsRun = changes.contains(where: \.endsTheRun)
        submit(RunWrite(request.target, .change(changes)), exchange, request, endsRun: endsRun, whenDone: whenDone)
    }

    private func submit(
        _ write: RunWrite, _ exchange: HTTPExchange, _ request: RoutedRequest, endsRun: Bool,
        whenDone: (@Sendable () -> Void)? = nil
    ) {
        submit(write, exchange) { result in
            whenDone?()
            switch result {
            case .success(let outcome):
                if endsRun, let run = outcome.run {
                    // An ended run's metrics.json is brought up to date.
                    exchange.onWorker(.quick) {
                        self.store.settle(run)
                        self.reply(outcome, request, exchange)
                    }
                } else {
                    self.reply(outcome, request, exchange)
                }
            case .failure(let error): exchange.respond(self.response(for: error, exchange))
            }
        }
    }

    private func reply(_ outcome: WriteOutcome, _ request: RoutedRequest, _ exchange: HTTPExchange) {
        let isPending = outcome.effect == .pending
        switch request.operation {
        case .mergeMetadata where !isPending:
            exchange.respond(HTTPResponse(status: 200, type: "application/json", body: outcome.document))
        case .writeRunData: exchange.respond(deprecated(request, outcome))
        default:
            switch outcome.effect {
            case .written: exchange.respond(Self.created)
            case .pending: exchange.respond(Self.pending(outcome, request.session))
            case .unchanged: exchange.respond(HTTPResponse(status: 200))
            }
        }
    }

    /// The reply to the deprecated alias of `write_run_data()`: says since when, and what to use (RFC 9745, RFC 8288).
    private func deprecated(_ request: RoutedRequest, _ outcome: WriteOutcome) -> HTTPResponse {
        var response = outcome.effect == .pending ? Self.pending(outcome, request.session) : HTTPResponse(status: 201)
        let name =
            switch request.target {
            case .run(let run): run.description
            case .active: "active"
            }
        let type = request.writer?.type.description ?? ""
        response.headers += [
            ("Deprecation", "@1795478400"), ("Link", "</runs/\(name)/metadata/\(type)>; rel=\"successor-version\""),
        ]
        return response
    }

    // MARK: Several types, and none any more

    /// Writes metadata of several types, all or nothing.
    func writeMany(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        exchange.handOver(to: .long) {
            do {
                self.submit(try self.changesOfMany(try self.body(of: exchange, request), request), request, exchange)
            } catch { exchange.respond(self.response(for: error, exchange)) }
            exchange.wakeServer()
        }
    }

    private func changesOfMany(_ body: MetadataBody, _ request: RoutedRequest) throws -> [DataChange] {
        guard case .json(let bytes) = body else { throw Problem.internalFault }
        let sent: JSONValue
        do { sent = try JSONValue.parse(bytes, nonFinite: .allowed) } catch { throw MetadataFault(error) }
        guard let object = sent.object, !object.members.isEmpty else {
            throw MetadataFault.shape(
                JSONPointer(),
                "the body is an object of types of metadata, such as {\"flags\": {…}, \"metrics\": [{…}]}")
        }
        var changes: [DataChange] = []
        for member in object.members {
            let pointer = JSONPointer().appending(member.name)
            guard let writer = MetadataType(member.name).flatMap({ writers[$0] }) else {
                let types = writers.writers.map(\.type.description)
                throw MetadataFault.shape(
                    pointer,
                    "no writer is registered for the type \"\(member.name.shown(atMost: 100))\"; there are: \(types.listed(atMost: 20))"
                )
            }
            guard writer.forms.contains(.json), !(writer is any SlowWriter), !writer.readsRequest else {
                throw MetadataFault.shape(
                    pointer, "\(writer.type) cannot be sent with others; POST it to /runs/{id}/metadata/\(writer.type)")
            }
            do {
                changes += try writer.changes(
                    from: .json(JSONWriter.compact(member.value)), for: WriteRequest(target: request.target))
            } catch let fault as MetadataFault { throw fault.inMember(member.name) }
        }
        return changes
    }

    func removeMetadata(_ request: RoutedRequest, _ exchange: HTTPExchange) {
        guard let writer = request.writer, let document = writer.document else {
            return exchange.respond(response(for: Problem.internalFault, exchange))
        }
        let removed: RemovedMetadata =
            switch document {
            case .file(.metricsFrame, _): .files([.metricsFrame, .metricsRows, .earlierMetricsRows])
            case .file(let path, _): .files([path] + [path.sent].compactMap { $0 })
            case .folder(let path): .folder(path)
            case .properties: .properties
            }
        store.submit(RunWrite(request.target, .removeMetadata(removed))) { result in
            self.answer(exchange) {
                do { _ = try result.get() } catch StoreError.unknownRun {
                    throw try Problem.unknownRun(self.existingRun(request).description)
                }
                return HTTPResponse(status: 204)
            }
        }
    }

    /// The run that a request names.
    func existingRun(_ request: RoutedRequest) throws -> RunID {
        guard let run = try store.resolve(request.target) else { throw Problem.noActiveRun }
        return run
    }
}

extension HTTPResponse {
    /// A JSON reply.
    static func json(_ status: Int, _ value: JSONValue, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, type: "application/json", body: JSONWriter.pretty(value), headers: headers)
    }
}
