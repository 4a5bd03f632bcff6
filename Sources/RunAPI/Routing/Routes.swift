internal import HTTPServer

/// A list of routes, to be matched with a request's method and path.
struct Routes: Sendable {
    let all: [Route]

    /// - Parameter all: the routes; if several match, the first one is used
    init(_ all: [Route]) { self.all = all }

    /// The result of matching.
    enum Match {
        /// A route, its index, and the values of its placeholders.
        case found(Route, place: Int, PathValues)
        /// The path has only other methods: those of these routes.
        case others([(route: Route, values: PathValues)])
        case nothing
    }

    /// - Throws: if the path is ambiguous
    func match(_ method: HTTPMethod, _ path: RequestPath) throws(RequestPath.Failure) -> Match {
        // HEAD is GET without the body (RFC 9110 section 9.3.2), which libmicrohttpd leaves out.
        let method = method == .head ? .get : method
        var others: [(route: Route, values: PathValues)] = []
        var fixed = path.segments.count
        for (place, route) in all.enumerated() {
            guard let match = route.template.match(path.segments) else { continue }
            var values = match.values
            fixed = match.fixed
            if route.method == method {
                try path.requireFixed(fixed)
                values.file = try path.file(from: fixed)
                return .found(route, place: place, values)
            }
            others.append((route, values))
        }
        try path.requireFixed(fixed)
        let file = try path.file(from: fixed)
        for index in others.indices { others[index].values.file = file }
        return others.isEmpty ? .nothing : .others(others)
    }
}
