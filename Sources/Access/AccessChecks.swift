package import HTTPServer

/// Checks before all handlers: where a request comes from, who sent it, and what the audit log records of it.
///
///     let checks = AccessChecks(origins: origins, control: control, audit: audit)
///     PrefixedHandlers([("/api/2.0/mlflow", checks.before(mlflow))], otherwise: checks.before(api))
package struct AccessChecks: Sendable {
    let origins: RequestOrigin
    let control: AccessControl
    let rates: RequestRates?
    let audit: RequestAudit?

    package init(
        origins: RequestOrigin, control: AccessControl, rates: RequestRates? = nil, audit: RequestAudit? = nil
    ) {
        (self.origins, self.control, self.rates, self.audit) = (origins, control, rates, audit)
    }

    /// A handler that gets only requests that it may answer. All of a server's handlers may share the checks.
    package func before<Handler: AccessNeeding>(_ handler: Handler) -> some HTTPHandler {
        AccessHandler(checks: self, handler: handler)
    }
}

/// A handler behind the checks.
private final class AccessHandler<Handler: AccessNeeding>: HTTPHandler {
    let checks: AccessChecks
    let handler: Handler

    init(checks: AccessChecks, handler: Handler) { (self.checks, self.handler) = (checks, handler) }

    func accept(_ exchange: HTTPExchange) -> BodyPlan {
        do {
            let site = try checks.origins.check(exchange)
            exchange.replyHeaders = checks.origins.sharing.fields(for: site, exchange)
            let need = try handler.need(of: exchange)
            let grant = try checks.control.grant(of: exchange, need, from: site)
            exchange.identity = grant
            try grant.cover(need)
            if need.right != .none { try checks.rates?.take(exchange, grant) }
        } catch {
            if let refusal = error as? AccessRefusal { checks.audit?.note(refusal, exchange, now: checks.control.now) }
            // The refusal has been recorded already.
            exchange.identity = nil
            return .refuse(handler.response(to: error, of: exchange.id, in: exchange))
        }
        return handler.accept(exchange)
    }

    func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        handler.response(to: error, of: id, in: exchange)
    }

    func completed(_ exchange: HTTPExchange) {
        if let audit = checks.audit, exchange.identity != nil, exchange.method.changesSomething,
            let need = try? handler.need(of: exchange)
        {
            audit.note(exchange, need, now: checks.control.now)
        }
        handler.completed(exchange)
    }
}
