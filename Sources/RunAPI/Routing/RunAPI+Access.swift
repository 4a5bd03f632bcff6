package import Access
package import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// What a request needs, found together with its route.
extension RunAPI: AccessNeeding {
    /// Finds a request's route, which it keeps in the exchange for `accept`.
    package func need(of exchange: HTTPExchange) throws -> AccessNeed {
        switch exchange.context {
        case let write as MetadataWrite: return write.need
        case let routed as RoutedRequest: return routed.need
        default: break
        }
        if let write = recentWrites.find(exchange, generation: registered.generation) {
            exchange.context = write
            return write.need
        }
        if case .options = exchange.method { return .nothing }
        if case .other(let name) = exchange.method {
            throw Problem(
                501, "unknown-method", "Unknown method",
                "\"\(name)\" is not a known method; write methods in upper case")
        }
        switch try Self.routes.match(exchange.method, RequestPath(exchange.path)) {
        case .nothing: throw Problem.unknownPath
        case .others: throw notAllowed(exchange)
        case .found(let route, let place, let values):
            exchange.tag = Telemetry.tag(place: place)
            let routed = RoutedRequest(route, values)
            exchange.context = routed
            return routed.need
        }
    }
}

/// A request whose route is known.
final class RoutedRequest: Sendable {
    let route: Route
    let values: PathValues

    init(_ route: Route, _ values: PathValues) { (self.route, self.values) = (route, values) }

    var need: AccessNeed {
        let runs: AccessNeed.Runs =
            switch route.runs {
            case .inPath: .named(values.id == "active" ? nil : values.id)
            case .inScope: .kept
            case .made: .made
            case .all: .all
            }
        return AccessNeed(route.right, runs, operation: route.id, audit: audit)
    }

    private var audit: AccessNeed.Audit {
        if case .get = route.method { return .never }
        // Jobs send these all the time.
        let isFrequent = ["metrics", "output"].contains(values.type) && route.method == .post
        return isFrequent ? .sparsely(nil) : .each
    }
}
