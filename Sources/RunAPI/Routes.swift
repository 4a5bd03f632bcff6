package import HTTPServer

/// What a request can ask for. Each name is the operation's id in openapi.yaml.
package enum Operation: String, Sendable, CaseIterable {
    case writeMetadata
    case mergeMetadata
    case readMetadata
    case listMetadata
    case writeRunData
    case listRuns
    case createRun
    case getRun
    case initialiseRun
    case completeRun
    case purgeRun
    case listTypes
    case getHealth
    case getReadiness
    case getOpenAPI
}

/// A method and a path that lead to an operation.
package struct Route: Sendable {
    package let method: HTTPMethod
    /// The path with `{id}` and `{type}` where those stand.
    package let template: String
    package let operation: Operation
    fileprivate let segments: [Segment]

    fileprivate enum Segment: Sendable {
        case literal(String)
        case id
        case type
    }

    init(_ method: HTTPMethod, _ template: String, _ operation: Operation) {
        self.method = method
        self.template = template
        self.operation = operation
        segments = template.split(separator: "/").map { segment in
            switch segment {
            case "{id}": .id
            case "{type}": .type
            default: .literal(String(segment))
            }
        }
    }
}

/// Every route there is.
package enum Routes {
    package static let all: [Route] = [
        // First what is asked for most.
        Route(.post, "/runs/{id}/metadata/{type}", .writeMetadata),
        Route(.get, "/runs/{id}/metadata/{type}", .readMetadata),
        Route(.patch, "/runs/{id}/metadata/{type}", .mergeMetadata),
        Route(.get, "/runs/{id}/metadata", .listMetadata),
        Route(.post, "/runs/{id}/data/{type}", .writeRunData),
        Route(.post, "/runs/{id}/complete", .completeRun),
        Route(.get, "/runs/{id}", .getRun),
        Route(.put, "/runs/{id}", .initialiseRun),
        Route(.delete, "/runs/{id}", .purgeRun),
        Route(.get, "/runs", .listRuns),
        Route(.post, "/runs", .createRun),
        Route(.get, "/types", .listTypes),
        Route(.get, "/health", .getHealth),
        Route(.get, "/ready", .getReadiness),
        Route(.get, "/openapi.yaml", .getOpenAPI),
    ]

    /// What a path's segments and a method lead to.
    enum Match {
        case found(Operation, id: String, type: String)
        /// The path is known, with these methods.
        case methods([HTTPMethod])
        case nothing
    }

    static func match(_ method: HTTPMethod, _ segments: [String]) -> Match {
        // HEAD is GET without the body (RFC 9110 section 9.3.2), which libmicrohttpd leaves out.
        let method = method == .head ? .get : method
        var methods: [HTTPMethod] = []
        for route in all {
            guard let (id, type) = route.parameters(segments) else { continue }
            if route.method == method { return .found(route.operation, id: id, type: type) }
            methods.append(route.method)
        }
        return methods.isEmpty ? .nothing : .methods(methods)
    }
}

extension Route {
    /// The id and type in a path, empty where the template has none; nil when the path is another.
    fileprivate func parameters(_ path: [String]) -> (id: String, type: String)? {
        guard path.count == segments.count else { return nil }
        var (id, type) = ("", "")
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .literal(let literal): if literal != text { return nil }
            case .id: id = text
            case .type: type = text
            }
        }
        return (id, type)
    }
}
