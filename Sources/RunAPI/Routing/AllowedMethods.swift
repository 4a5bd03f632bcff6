internal import HTTPServer

/// The methods of a path, for `OPTIONS` and the header `Allow` (RFC 9110 sections 9.3.7 and 10.2.1).
extension RunAPI {
    /// In order of listing.
    private static let methods: [HTTPMethod] = [.get, .head, .post, .put, .patch, .delete, .options]

    /// The reply to `OPTIONS`. It has no CORS headers: pages of other sites may not use the API.
    func options(_ exchange: HTTPExchange) throws -> HTTPResponse {
        if exchange.path.elementsEqual("*".utf8) { return Self.options(Self.list(Self.methods)) }
        guard case .others(let routes) = try Self.routes.match(.options, RequestPath(exchange.path)) else {
            throw Problem.unknownPath
        }
        // An invalid name is reported as for every other method.
        let isNamed = routes.contains { (try? $0.route.isOffered(self, $0.values)) != nil }
        if !isNamed { for (route, values) in routes { _ = try route.isOffered(self, values) } }
        return Self.options(allowedMethods(routes))
    }

    private static func options(_ allowed: String) -> HTTPResponse {
        HTTPResponse(status: 204, headers: [("Allow", allowed)])
    }

    /// The problem of a method that the path does not have.
    func notAllowed(_ exchange: HTTPExchange, _ detail: String? = nil) -> Problem {
        var routes: [(route: Route, values: PathValues)] = []
        if let path = try? RequestPath(exchange.path), case .others(let found) = try? Self.routes.match(.options, path)
        {
            routes = found
        }
        let allowed = allowedMethods(routes)
        return Problem(
            405, "method-not-allowed", "Method not allowed",
            detail ?? "\(exchange.method.name) is not a method of this path; use one of: \(allowed)"
        ).with { $0.headers = [("Allow", allowed)] }
    }

    /// The methods of a path that leads to these routes.
    private func allowedMethods(_ routes: [(route: Route, values: PathValues)]) -> String {
        let offered = routes.filter { (try? $0.route.isOffered(self, $0.values)) == true }.map(\.route.method)
        return Self.list(
            Self.methods.filter { method in
                switch method {
                case .options: true
                case .head: offered.contains(.get)
                default: offered.contains(method)
                }
            })
    }

    private static func list(_ methods: [HTTPMethod]) -> String { methods.map(\.name).joined(separator: ", ") }
}
