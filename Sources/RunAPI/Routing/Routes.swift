internal import HTTPServer

/// A list of routes, and which of them a request's method and path lead to.
struct Routes: Sendable {
    let all: [Route]

    /// - Parameter all: of two routes with one method that fit a path, the first one is taken
    init(_ all: [Route]) { self.all = all }

    /// What a method and a path lead to.
    enum Match {
        /// A route, its place in the list, and what the path has for its placeholders.
        case found(Route, place: Int, PathValues)
        /// The path is known, for other methods: those of these routes.
        case others([(route: Route, values: PathValues)])
        case nothing
    }

    /// - Throws: where the path of a file, or what stands before it, could mean two things
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
