internal import HTTPServer

/// A list of routes, matched by a request's method and path.
struct MLflowRoutes: Sendable {
    private struct Key: Hashable {
        let method: HTTPMethod
        let path: [UInt8]
    }

    let all: [MLflowRoute]
    /// The routes without a placeholder.
    private let fixed: [Key: MLflowRoute]
    private let open: [(segments: [String], route: MLflowRoute)]

    init(_ all: [MLflowRoute]) {
        self.all = all
        var fixed: [Key: MLflowRoute] = [:]
        var open: [(segments: [String], route: MLflowRoute)] = []
        for route in all {
            if route.path.contains("{") {
                open.append((route.path.split(separator: "/").map(String.init), route))
            } else {
                fixed[Key(method: route.method, path: Array(route.path.utf8))] = route
            }
        }
        (self.fixed, self.open) = (fixed, open)
    }

    /// The route of a path below one of `MLflowAPI.prefixes`, and the values of its placeholders.
    func match(_ method: HTTPMethod, _ path: [UInt8]) throws -> (MLflowRoute, [String]) {
        let method = method == .head ? .get : method
        let slash = UInt8(ascii: "/")
        // After "/api/2.0".
        let start = path.dropFirst().firstIndex(of: slash).flatMap { path[($0 + 1)...].firstIndex(of: slash) }
        guard let start else { throw MLflowError.unknownPath(path) }
        var rest = path[start...]
        if let route = fixed[Key(method: method, path: Array(rest))] { return (route, []) }
        // Clients end a folder's path with a slash.
        if rest.last == slash { rest.removeLast() }
        let segments = try RequestPath(Array(rest))
        for (template, route) in open where route.method == method {
            if let values = try Self.values(template, segments) { return (route, values) }
        }
        if let area = segments.segments.dropFirst().first, Self.unserved.contains(area) {
            throw MLflowError(
                .notImplemented,
                "Rundir has no \(area): it keeps experiments, runs, metrics, artifacts and logged models")
        }
        throw MLflowError.unknownPath(path)
    }

    /// Parts of MLflow that Rundir does not have.
    private static let unserved: Set<String> = [
        "assessments", "datasets", "gateway", "genai", "issues", "jobs", "label-schemas", "mcp-servers",
        "model-versions",
        "mpu", "presigned", "prompt-optimization", "prompts", "registered-models", "review-queues", "scorers", "traces",
        "unified-traces", "webhooks", "workspaces",
    ]

    private static func values(_ template: [String], _ path: RequestPath) throws -> [String]? {
        let isOpen = template.last == "{path}"
        let fixed = isOpen ? template.count - 1 : template.count
        guard isOpen ? path.segments.count >= fixed : path.segments.count == fixed else { return nil }
        var values: [String] = []
        for (part, segment) in zip(template.prefix(fixed), path.segments) {
            if part.hasPrefix("{") {
                values.append(segment)
            } else if part != segment {
                return nil
            }
        }
        try path.requireFixed(fixed)
        if isOpen { values.append(try path.file(from: fixed).joined(separator: "/")) }
        return values
    }
}
