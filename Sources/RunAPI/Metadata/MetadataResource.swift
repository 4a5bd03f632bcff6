internal import Access
internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/metadata` and `/runs/{id}/metadata/{type}`.
extension RunAPI {
    static let metadataRoutes: [Route] = [
        Route(
            "writeMetadata", .post, "/runs/{id}/metadata/{type}", .write, query: .fields, plan: RunAPI.writeMetadata),
        Route("readMetadata", .get, "/runs/{id}/metadata/{type}", .read, submit: RunAPI.readMetadata),
        Route(
            "mergeMetadata", .patch, "/runs/{id}/metadata/{type}", .write, where: RunAPI.isMergeable,
            plan: RunAPI.mergeMetadata),
        Route("removeMetadata", .delete, "/runs/{id}/metadata/{type}", .write, submit: RunAPI.removeMetadata),
        Route("listMetadata", .get, "/runs/{id}/metadata", .read, reply: RunAPI.listMetadata),
        Route(
            "writeManyMetadata", .post, "/runs/{id}/metadata", .write,
            body: .document([.json, .form], isRequired: true), on: .long, submit: RunAPI.writeMany),
        Route("writeRunData", .post, "/runs/{id}/data/{type}", .write, query: .fields, plan: RunAPI.writeRunData),
    ]

    func writeMetadata(_ request: RunRequest, _ target: RunTarget, _ type: MetadataType) throws -> BodyPlan {
        try plan(try write(request, target, type), request.exchange)
    }

    /// The same for tfruns' `write_run_data()`.
    func writeRunData(_ request: RunRequest, _ target: RunTarget, _ alias: AliasedType) throws -> BodyPlan {
        try plan(try write(request, target, alias.type, isAlias: true), request.exchange)
    }

    /// Reads the head of a request.
    private func write(
        _ request: RunRequest, _ target: RunTarget, _ type: MetadataType, isAlias: Bool = false
    ) throws -> MetadataWrite {
        let exchange = request.exchange
        // Read before the lookup: a writer that is registered meanwhile belongs to another generation.
        let generation = registered.generation
        let writer = try writer(of: type)
        try exchange.requireBody()
        let body = BodyDescription(form: try exchange.form(for: writer), isGzipped: try exchange.isGzipped())
        return MetadataWrite(
            target: target, session: request.session, writer: writer, body: body,
            details: try details(writer, target, exchange), generation: generation, isAlias: isAlias)
    }

    /// What a writer may know, apart from the body: for most, the run.
    private func details(
        _ writer: any MetadataWriter, _ target: RunTarget, _ exchange: HTTPExchange
    ) throws(Problem) -> WriteRequest {
        guard writer.readsRequest || exchange.hasQuery else { return WriteRequest(target: target) }
        let query = try QueryParameters(exchange, names: writer.queryFields.map { $0.sorted() })
        return WriteRequest(
            target: target, query: query.all, contentType: exchange.header("Content-Type") ?? "",
            isCancelled: { [jobs] in jobs.isStopping })
    }

    /// A body that the writer takes as files is streamed to a file; others are collected in memory.
    private func plan(_ write: MetadataWrite, _ exchange: HTTPExchange) throws -> BodyPlan {
        if write.isStreamed {
            if write.body.isGzipped, write.body.form == .multipart {
                throw Problem.unsupportedMediaType("multipart/form-data with Content-Encoding", ["multipart/form-data"])
            }
            return .stream(try UploadSink(api: self, write: write, exchange: exchange), limit: limit(of: write.writer))
        }
        recentWrites.keep(write, of: exchange)
        return gather(write)
    }

    func gather(_ write: MetadataWrite) -> BodyPlan {
        .collect(limit: limit(of: write.writer)) { exchange in
            let request = RunRequest(exchange: exchange, session: write.session, body: write.body)
            self.run(on: .bySize, request) {
                let body = try self.body(of: request, for: write.writer)
                self.submit(try write.writer.changes(from: body, for: write.details), write, exchange)
            }
        }
    }

    /// Runs a slow writer when its turn comes, and submits its changes to the store.
    func submitSlowly(_ body: MetadataBody, _ write: MetadataWrite, _ exchange: HTTPExchange) throws {
        let run = try store.resolve(write.target)?.description ?? "\(write.target)"
        let isTaken = jobs.run("\(run) \(write.writer.type)") { done in
            do {
                self.submit(
                    try write.writer.changes(from: body, for: write.details), write, exchange, whenDone: done)
                exchange.wakeServer()
            } catch {
                done()
                exchange.respond(self.response(for: error, exchange))
            }
        }
        if !isTaken { throw jobs.isStopping ? WriterFailure.stopping : WriterFailure.busy }
    }

    /// Submits a writer's changes to the store, and replies when they are stored.
    func submit(
        _ changes: [DataChange], _ write: MetadataWrite, _ exchange: HTTPExchange,
        whenDone: (@Sendable () -> Void)? = nil
    ) {
        submit(changes, to: write.target, exchange, whenDone: whenDone) {
            write.reply(to: $0, keptFor: self.pendingAge)
        }
    }

    func submit(
        _ changes: [DataChange], to target: RunTarget, _ exchange: HTTPExchange,
        whenDone: (@Sendable () -> Void)? = nil, reply: @escaping @Sendable (WriteOutcome) -> HTTPResponse
    ) {
        let endsRun = changes.contains(where: \.endsTheRun)
        submit(RunWrite(target, .change(changes), sender: sender(of: exchange)), exchange) { result in
            whenDone?()
            switch result {
            case .success(let outcome):
                guard endsRun, let run = outcome.run else { return exchange.respond(reply(outcome)) }
                // The metrics.json of an ended run has to be updated.
                exchange.onWorker(.quick) {
                    self.store.settle(run)
                    exchange.respond(reply(outcome))
                }
            case .failure(let error): exchange.respond(self.response(for: error, exchange))
            }
        }
    }

    /// - Throws: a problem if no writer is registered for the type
    func writer(of type: MetadataType) throws(Problem) -> any MetadataWriter {
        let writers = writers
        if let writer = writers[type] { return writer }
        let allowed = writers.writers.map(\.type.description)
        throw Problem(
            404, "unknown-type", "Unknown type",
            "no writer is registered for the type \"\(type)\"; the types are: \(allowed.joined(separator: ", "))"
        ).with { $0.allowed = allowed }
    }

    /// The run that a request names.
    func existingRun(_ target: RunTarget) throws -> RunID {
        guard let run = try store.resolve(target) else { throw Problem.noActiveRun }
        return run
    }
}
