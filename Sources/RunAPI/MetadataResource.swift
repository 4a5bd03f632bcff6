internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/metadata` and `/runs/{id}/metadata/{type}`.
extension RunAPI {
    /// The reply to a write that has landed.
    private static let created = HTTPResponse(status: 201)

    /// The reply to a write that waits for its run.
    private static let pending = HTTPResponse(
        status: 202, type: "application/json",
        body: JSONWriter.compact([
            "status": "pending",
            "detail": "kept safe; published when the run is initialised (PUT /runs/{id}, POST /runs)",
        ]))

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
        let run = store.resolve(request.target)?.description ?? "\(request.target)"
        let isTaken = jobs.run("\(run) \(writer.type)") { done in
            do {
                // What it reads of the run is up to date.
                if let run = self.store.resolve(request.target) { self.store.bringUpToDate(run) }
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
        store.submit(write) { result in
            whenDone?()
            switch result {
            case .success(let outcome):
                if endsRun, let run = outcome.run {
                    // An ended run's metrics.json is brought up to date.
                    exchange.onWorker(.quick) {
                        self.store.beginToBringUpToDate(run)
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
        case .writeRunData: exchange.respond(deprecated(request, isPending: isPending))
        default:
            switch outcome.effect {
            case .written: exchange.respond(Self.created)
            case .pending: exchange.respond(Self.pending)
            case .unchanged: exchange.respond(HTTPResponse(status: 200))
            }
        }
    }

    /// The reply to the deprecated alias of `write_run_data()`: says since when, and what to use (RFC 9745, RFC 8288).
    private func deprecated(_ request: RoutedRequest, isPending: Bool) -> HTTPResponse {
        var response = isPending ? Self.pending : HTTPResponse(status: 201)
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

    // MARK: Reading

    func readMetadata(_ request: RoutedRequest) throws -> HTTPResponse {
        guard let writer = request.writer, let document = writer.document else { throw Problem.internalFault }
        let run = try existingRun(request)
        switch document {
        case .file(let path, let mediaType):
            if let file = try store.file(path, of: run) {
                return HTTPResponse(
                    status: 200,
                    headers: [
                        ("Content-Type", mediaType), ("ETag", "\"\(file.version.text)\""),
                        ("X-Content-Type-Options", "nosniff"),
                    ],
                    body: .file(descriptor: file.descriptor, size: file.size))
            }
        case .properties:
            if let properties = try store.properties(of: run), !properties.isEmpty {
                let object = JSONObject(properties.map { ($0.name, .string($0.text)) })
                return .json(200, .object(object))
            }
        case .folder(let folder):
            let files = try store.files(below: folder, of: run)
            if !files.isEmpty { return .json(200, listing(files, of: run, type: writer.type)) }
        }
        guard try store.snapshot(of: run) != nil else { throw Problem.unknownRun(run.description) }
        throw Problem(
            404, "no-metadata", "No such metadata",
            "the run \"\(run)\" has no \(writer.type) yet; POST to this path writes it")
    }

    func listMetadata(_ request: RoutedRequest) throws -> HTTPResponse {
        let run = try existingRun(request)
        guard let snapshot = try store.snapshot(of: run) else { throw Problem.unknownRun(run.description) }
        let present = writers.writers.filter { writer in
            switch writer.document {
            case .file(let path, _):
                snapshot.files.contains(path) || (path == .metricsFrame && snapshot.files.contains(.metricsRows))
            case .properties: snapshot.files.contains { $0.property != nil }
            case .folder(let folder):
                snapshot.files.contains { $0.description.utf8.starts(with: "\(folder)/".utf8) }
            case nil: false
            }
        }
        let list = present.map { writer -> JSONValue in
            ["type": .string(writer.type.description), "href": .string("/runs/\(run)/metadata/\(writer.type)")]
        }
        return .json(200, ["run": .string(run.description), "metadata": .array(list)])
    }

    /// The files of a type that has a folder of them.
    private func listing(_ files: [(path: DataPath, size: Int)], of run: RunID, type: MetadataType) -> JSONValue {
        let list = files.map { file -> JSONValue in
            ["path": .string(file.path.description), "size": .number(JSONNumber(file.size))]
        }
        return ["run": .string(run.description), "type": .string(type.description), "files": .array(list)]
    }

    /// The run that a request names.
    func existingRun(_ request: RoutedRequest) throws -> RunID {
        guard let run = store.resolve(request.target) else { throw Problem.noActiveRun }
        return run
    }
}

extension HTTPResponse {
    /// A JSON reply.
    static func json(_ status: Int, _ value: JSONValue, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        HTTPResponse(status: status, type: "application/json", body: JSONWriter.pretty(value), headers: headers)
    }
}
