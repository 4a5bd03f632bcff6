import HTTPServer

/// Something that is asked of every request before a handler sees it.
protocol RequestCheck: Sendable {
    /// Looks at a request's head. Called on the polling thread, one call after the other: must not block.
    /// - Throws: why the request is refused; the handler turns it into a reply (`HTTPHandler.response(to:of:in:)`)
    func check(_ exchange: HTTPExchange) throws
}

/// A handler that sees only those requests that pass some checks.
struct CheckedHandler: HTTPHandler {
    private let checks: [any RequestCheck]
    private let handler: any HTTPHandler

    /// - Parameter checks: made in this order; the first failure is the reply
    init(_ checks: [any RequestCheck], before handler: any HTTPHandler) {
        (self.checks, self.handler) = (checks, handler)
    }

    func accept(_ exchange: HTTPExchange) -> BodyPlan {
        do {
            for check in checks { try check.check(exchange) }
        } catch {
            return .refuse(handler.response(to: error, of: exchange.id, in: exchange))
        }
        return handler.accept(exchange)
    }

    func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        handler.response(to: error, of: id, in: exchange)
    }

    func completed(_ exchange: HTTPExchange) { handler.completed(exchange) }
}
