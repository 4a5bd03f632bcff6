internal import HTTPServer
internal import Limits
internal import MetadataWriters
internal import RunMetadata

/// A request whose head has been understood. A class, since it goes from hand to hand until it is answered.
final class RoutedRequest: Sendable {
    let operation: Operation
    /// What it is counted by.
    let tag: Int
    /// The run that the path names.
    let target: RunTarget
    /// The session that the header `Run-Session` names.
    let session: SessionName
    /// The writer of the type that the path names.
    let writer: (any MetadataWriter)?
    /// The file that the path names.
    let path: ArtifactPath?
    /// What the head says of the body.
    let body: BodyDescription
    /// Bytes of the largest body, where it is gathered in memory; nil where it is taken as it comes.
    let bodyLimit: Int?
    /// What the writer may know beside the body.
    let details: WriteRequest
    /// Whether that is more than the run.
    var readsTheHead: Bool { writer?.readsRequest ?? false }

    init(
        operation: Operation, tag: Int, target: RunTarget, session: SessionName, writer: (any MetadataWriter)?,
        path: ArtifactPath?, body: BodyDescription, bodyLimit: Int?, details: WriteRequest
    ) {
        self.operation = operation
        self.tag = tag
        self.target = target
        self.session = session
        self.writer = writer
        self.path = path
        self.body = body
        self.bodyLimit = bodyLimit
        self.details = details
    }
}

extension RunAPI {
    /// Understands a request's head.
    func route(_ exchange: HTTPExchange) throws -> RoutedRequest {
        guard RecentRoutes.isPlain(exchange) else { return try understand(exchange) }
        // Before the writer is looked up: one that is registered meanwhile is another generation's.
        let generation = registered.generation
        if let known = recentRoutes.find(exchange.path, generation: generation) {
            exchange.tag = known.tag
            return known
        }
        let request = try understand(exchange)
        recentRoutes.keep(request, path: exchange.path, generation: generation)
        return request
    }

    private func understand(_ exchange: HTTPExchange) throws -> RoutedRequest {
        if case .other(let name) = exchange.method {
            throw Problem(
                501, "unknown-method", "Unknown method",
                "\"\(name)\" is no method that is known here; methods are upper case")
        }
        let path = try RequestPath(exchange.path)
        switch Routes.match(exchange.method, path.segments) {
        case .nothing:
            try path.requireFixed(path.segments.count)
            throw Problem.unknownPath
        case .others(let routes, let id, let type, let fixed):
            try path.requireFixed(fixed)
            let allowed = allowedMethods(routes, id: id, type: type, file: try path.file(from: fixed))
            throw Problem(
                405, "method-not-allowed", "Method not allowed",
                "\(exchange.method.name) is not for this path; it has \(allowed)"
            ).with { $0.headers = [("Allow", allowed)] }
        case .found(let operation, let route, let id, let type, let fixed):
            try path.requireFixed(fixed)
            let file = try path.file(from: fixed)
            exchange.tag = Telemetry.tag(route: route)
            if operation.takesNoQuery, exchange.hasQuery { _ = try QueryParameters(exchange, names: []) }
            let session = try session(exchange)
            let target = try target(operation, id, session)
            let writer = try writer(operation, type, exchange)
            let body = try describeBody(operation, writer, exchange)
            return RoutedRequest(
                operation: operation, tag: exchange.tag, target: target, session: session, writer: writer,
                path: file.isEmpty ? nil : try artifact(file), body: body,
                bodyLimit: gatheredLimit(operation, writer, body.form), details: try details(writer, target, exchange))
        }
    }

    private func artifact(_ components: [String]) throws -> ArtifactPath {
        guard let path = ArtifactPath(components: components) else {
            throw Problem.invalidName("\"\(components.joined(separator: "/"))\" names no file; \(ArtifactPath.rule)")
        }
        return path
    }

    /// What a writer may know beside the body: for most, the run.
    private func details(
        _ writer: (any MetadataWriter)?, _ target: RunTarget, _ exchange: HTTPExchange
    ) throws -> WriteRequest {
        guard let writer, writer.readsRequest || exchange.hasQuery else { return WriteRequest(target: target) }
        guard let query = exchange.query else {
            throw Problem.invalidQuery(
                "the query has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8")
        }
        if let known = writer.queryFields, let unknown = query.first(where: { !known.contains($0.name) }) {
            let there = known.isEmpty ? "none is" : "there is \(known.sorted().joined(separator: ", "))"
            throw Problem.invalidQuery("\"\(unknown.name.shown(atMost: 100))\" is not known here; \(there)")
        }
        return WriteRequest(
            target: target, query: query, contentType: exchange.header("Content-Type") ?? "",
            isCancelled: { [jobs] in jobs.isStopping })
    }

    private func session(_ exchange: HTTPExchange) throws -> SessionName {
        guard let name = exchange.header("Run-Session") else { return .default }
        guard let session = SessionName(name) else {
            throw Problem.invalidName("the header Run-Session is \"\(name)\"; \(SessionName.rule)")
        }
        return session
    }

    private func target(_ operation: Operation, _ id: String, _ session: SessionName) throws -> RunTarget {
        if id.isEmpty || (id == "active" && operation != .initialiseRun) { return .active(session) }
        guard let run = RunID(id) else { throw Problem.invalidName("\"\(id)\" is no run id; \(RunID.rule)") }
        return .run(run)
    }

    private func writer(_ operation: Operation, _ name: String, _ exchange: HTTPExchange) throws -> (
        any MetadataWriter
    )? {
        if name.isEmpty { return nil }
        let isAlias = operation == .writeRunData
        guard let type = isAlias ? MetadataType.deprecatedAlias(name) : MetadataType(name) else {
            throw Problem.invalidName("\"\(name)\" is no type; \(MetadataType.rule)")
        }
        let writers = writers
        guard let writer = writers[type] else {
            let allowed = writers.writers.map(\.type.description)
            throw Problem(
                404, "unknown-type", "Unknown type",
                "no writer is registered for the type \"\(type)\"; there are: \(allowed.joined(separator: ", "))"
            ).with { $0.allowed = allowed }
        }
        if operation == .mergeMetadata, !(writer is any PatchableWriter) {
            let allowed = allowedMethods(of: exchange)
            throw Problem(
                405, "method-not-allowed", "Method not allowed",
                "\(type) cannot be merged into; POST replaces or extends it"
            ).with { $0.headers = [("Allow", allowed)] }
        }
        return writer
    }
}
