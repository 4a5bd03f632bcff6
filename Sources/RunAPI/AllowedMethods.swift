internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// Which methods a path has: for `OPTIONS`, and for the header `Allow` (RFC 9110 sections 9.3.7 and 10.2.1).
extension RunAPI {
    /// In the order in which they are told.
    private static let methods: [HTTPMethod] = [.get, .head, .post, .put, .patch, .delete, .options]

    /// The reply to `OPTIONS`. It has no fields for other sites: no page of theirs may use the API.
    func options(_ exchange: HTTPExchange) throws -> HTTPResponse {
        if exchange.path.elementsEqual("*".utf8) { return Self.options(Self.list(Self.methods)) }
        let path = try RequestPath(exchange.path)
        switch Routes.match(.options, path.segments) {
        case .others(let routes, let id, let type, let fixed):
            try path.requireFixed(fixed)
            let allowed = allowedMethods(routes, id: id, type: type, file: try path.file(from: fixed))
            // What is wrong with the name is told as to every other method.
            if allowed == Self.list([.options]) {
                throw Problem.invalidName("\"\(id)\" is no run id; \(RunID.rule)")
            }
            return Self.options(allowed)
        case .found, .nothing:
            try path.requireFixed(path.segments.count)
            throw Problem.unknownPath
        }
    }

    private static func options(_ allowed: String) -> HTTPResponse {
        HTTPResponse(status: 204, headers: [("Allow", allowed)])
    }

    /// The methods of a request's path, of which it has some.
    func allowedMethods(of exchange: HTTPExchange) -> String {
        guard let path = try? RequestPath(exchange.path),
            case .others(let routes, let id, let type, let fixed) = Routes.match(.options, path.segments)
        else { return Self.list([.options]) }
        return allowedMethods(routes, id: id, type: type, file: (try? path.file(from: fixed)) ?? [])
    }

    /// The methods of a path that leads to these routes.
    func allowedMethods(_ routes: [Route], id: String, type: String, file: [String]) -> String {
        let open = routes.filter { isOpen($0, id: id, type: type, file: file) }.map(\.method)
        return Self.list(
            Self.methods.filter { method in
                switch method {
                case .options: true
                case .head: open.contains(.get)
                default: open.contains(method)
                }
            })
    }

    /// Whether a route takes requests for the run, type and file that stand in the path.
    private func isOpen(_ route: Route, id: String, type: String, file: [String]) -> Bool {
        if route.template.contains("{id}") {
            // "active" is a run that is there already.
            guard id == "active" ? route.operation != .initialiseRun : RunID(id) != nil else { return false }
        }
        switch route.operation {
        case .mergeMetadata: return MetadataType(type).flatMap { writers[$0] } is any PatchableWriter
        case .writeFile, .removeFile: return ArtifactPath(components: file)?.isMetadata != true
        default: return true
        }
    }

    private static func list(_ methods: [HTTPMethod]) -> String { methods.map(\.name).joined(separator: ", ") }
}
