package import HTTPServer

/// What a request can ask for. Each name is the operation's id in openapi.yaml, which lists the standard types of metadata one by
/// one: `writeMetadata` is there as `writeFlags`, `writeMetrics` and so on, and as `writeCustomMetadata` for all others.
package enum Operation: String, Sendable, CaseIterable {
    case writeMetadata
    case mergeMetadata
    case readMetadata
    case listMetadata
    case writeRunData
    case listRuns
    case listColumns
    case createRun
    case readRun
    case initialiseRun
    case completeRun
    case resumeRun
    case writeManyMetadata
    case removeMetadata
    case purgeRun
    case listFiles
    case readFile
    case writeFile
    case removeFile
    case readBundle
    case compareRuns
    case archiveRun
    case restoreRun
    case archiveRuns
    case restoreRuns
    case purgeRuns
    case queryMetrics
    case querySeries
    case tailOutput
    case readRunEvents
    case readEvents
    case listTypes
    case readHealth
    case readReadiness
    case readServerMetrics
    case readOpenAPI
    case readOpenAPIAsJSON
    case readVersion
    case readPage
    case readAsset
    case listProblems
    case readProblem
}

extension Operation {
    /// Whether a query has no field that it knows. (The others look at theirs themselves.)
    var takesNoQuery: Bool {
        switch self {
        case .writeMetadata, .writeRunData, .listRuns, .purgeRun, .listFiles, .readFile, .writeFile, .removeFile,
            .compareRuns,
            .archiveRuns, .restoreRuns, .purgeRuns, .queryMetrics, .querySeries, .tailOutput:
            false
        default: true
        }
    }
}

/// A method and a path that lead to an operation.
package struct Route: Sendable {
    package let method: HTTPMethod
    /// The path with `{id}`, `{type}` and `{name}` where those stand, and `{path}` at the end for one segment or more.
    package let template: String
    package let operation: Operation
    fileprivate let segments: [Segment]
    /// Whether it ends in `{path}`.
    fileprivate let isOpen: Bool

    fileprivate enum Segment: Sendable {
        case literal(String)
        case id
        case type
        /// Whatever the operation itself reads.
        case name
        /// All that follows.
        case path
    }

    init(_ method: HTTPMethod, _ template: String, _ operation: Operation) {
        self.method = method
        self.template = template
        self.operation = operation
        isOpen = template.hasSuffix("{path}")
        segments = template.split(separator: "/").map { segment in
            switch segment {
            case "{id}": .id
            case "{type}": .type
            case "{name}": .name
            case "{path}": .path
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
        Route(.delete, "/runs/{id}/metadata/{type}", .removeMetadata),
        Route(.get, "/runs/{id}/metadata", .listMetadata),
        Route(.post, "/runs/{id}/metadata", .writeManyMetadata),
        Route(.post, "/runs/{id}/data/{type}", .writeRunData),
        Route(.post, "/runs/{id}/complete", .completeRun),
        Route(.post, "/runs/{id}/resume", .resumeRun),
        Route(.post, "/runs/{id}/archive", .archiveRun),
        Route(.post, "/runs/{id}/restore", .restoreRun),
        Route(.post, "/runs/archive", .archiveRuns),
        Route(.post, "/runs/restore", .restoreRuns),
        Route(.post, "/runs/purge", .purgeRuns),
        Route(.get, "/runs/{id}", .readRun),
        Route(.put, "/runs/{id}", .initialiseRun),
        Route(.delete, "/runs/{id}", .purgeRun),
        Route(.get, "/runs/{id}/files", .listFiles),
        Route(.get, "/runs/{id}/files/{path}", .readFile),
        Route(.put, "/runs/{id}/files/{path}", .writeFile),
        Route(.delete, "/runs/{id}/files/{path}", .removeFile),
        Route(.get, "/runs/{id}/bundle.tar.gz", .readBundle),
        Route(.get, "/runs", .listRuns),
        Route(.get, "/columns", .listColumns),
        Route(.post, "/runs", .createRun),
        Route(.get, "/compare", .compareRuns),
        Route(.get, "/runs/{id}/metrics", .queryMetrics),
        Route(.get, "/series", .querySeries),
        Route(.get, "/runs/{id}/output", .tailOutput),
        Route(.get, "/runs/{id}/events", .readRunEvents),
        Route(.get, "/events", .readEvents),
        Route(.get, "/types", .listTypes),
        Route(.get, "/health", .readHealth),
        Route(.get, "/ready", .readReadiness),
        Route(.get, "/metrics", .readServerMetrics),
        Route(.get, "/version", .readVersion),
        Route(.get, "/openapi.yaml", .readOpenAPI),
        Route(.get, "/openapi.json", .readOpenAPIAsJSON),
        Route(.get, "/", .readPage),
        Route(.get, "/assets/{path}", .readAsset),
        Route(.get, "/problems", .listProblems),
        Route(.get, "/problems/{name}", .readProblem),
    ]

    /// What a path's segments and a method lead to.
    enum Match {
        /// An operation, the number of its route among all, and how many segments stand before the path of a file.
        case found(Operation, route: Int, id: String, type: String, fixed: Int)
        /// The path is known, for other methods: those of these routes.
        case others([Route], id: String, type: String, fixed: Int)
        case nothing
    }

    static func match(_ method: HTTPMethod, _ segments: [String]) -> Match {
        // HEAD is GET without the body (RFC 9110 section 9.3.2), which libmicrohttpd leaves out.
        let method = method == .head ? .get : method
        var others: [Route] = []
        var named = (id: "", type: "")
        var fixed = segments.count
        for (number, route) in all.enumerated() {
            guard let (id, type) = route.parameters(segments) else { continue }
            fixed = route.isOpen ? route.segments.count - 1 : segments.count
            if route.method == method {
                return .found(route.operation, route: number, id: id, type: type, fixed: fixed)
            }
            others.append(route)
            if !id.isEmpty { named = (id, type) }
        }
        return others.isEmpty ? .nothing : .others(others, id: named.id, type: named.type, fixed: fixed)
    }
}

extension Route {
    /// The id and type in a path, empty where the template has none; nil when the path is another.
    fileprivate func parameters(_ path: [String]) -> (id: String, type: String)? {
        guard path.count == segments.count || (isOpen && path.count > segments.count) else { return nil }
        var (id, type) = ("", "")
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .literal(let literal): if literal != path[index] { return nil }
            case .id: id = path[index]
            case .type: type = path[index]
            case .name, .path: break
            }
        }
        return (id, type)
    }
}
