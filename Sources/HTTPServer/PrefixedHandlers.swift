internal import Glibc

/// Handlers that share a server: one for each of some prefixes of paths, and one for all other paths.
///
///     PrefixedHandlers([("/api/2.0/mlflow", mlflow)], otherwise: api)
///
/// A prefix ends where a segment does: `/api` is for `/api` and `/api/x`, not for `/apis`. A handler sees the whole
/// path.
package final class PrefixedHandlers: HTTPHandler {
    private let prefixes: [[UInt8]]
    /// The handlers of the prefixes, in the same order.
    private let handlers: [any HTTPHandler]
    private let rest: any HTTPHandler
    /// What all prefixes begin with; most paths do not.
    private let common: [UInt8]

    /// - Parameter handlers: by prefix, as sent in a request, without a `/` at its end; if several match, the first is
    ///   used
    package init(_ handlers: [(prefix: String, handler: any HTTPHandler)], otherwise rest: any HTTPHandler) {
        let prefixes = handlers.map { Array($0.prefix.utf8) }
        common = prefixes.reduce(prefixes.first ?? []) { common, prefix in
            Array(zip(common, prefix).prefix { $0 == $1 }.map(\.0))
        }
        self.prefixes = prefixes
        self.handlers = handlers.map(\.handler)
        self.rest = rest
    }

    package func accept(_ exchange: HTTPExchange) -> BodyPlan { handler(of: exchange).accept(exchange) }

    package func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        (exchange.map(handler(of:)) ?? rest).response(to: error, of: id, in: exchange)
    }

    package func completed(_ exchange: HTTPExchange) { handler(of: exchange).completed(exchange) }

    private func handler(of exchange: HTTPExchange) -> any HTTPHandler {
        let path = exchange.path
        guard Self.begins(path, with: common) else { return rest }
        for index in prefixes.indices where Self.isAt(prefixes[index], path) { return handlers[index] }
        return rest
    }

    private static func begins(_ path: [UInt8], with start: [UInt8]) -> Bool {
        path.count >= start.count && memcmp(path, start, start.count) == 0
    }

    private static func isAt(_ prefix: [UInt8], _ path: [UInt8]) -> Bool {
        begins(path, with: prefix)
            && (path.count == prefix.count || path[prefix.count] == UInt8(ascii: "/"))
    }
}
