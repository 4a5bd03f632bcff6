package import Access
package import HTTPServer

/// The access that a request needs.
///
/// MLflow's requests name runs in their bodies and paths. So for a token that is limited to some runs (`--only`), each
/// handler checks the run itself (`MLflowCall.run()`), searches only the token's runs, and gives new runs ids that the
/// token allows. Routes that do so are marked `inScope`; all others need a token without that limit.
extension MLflowAPI: AccessNeeding {
    package func need(of exchange: HTTPExchange) throws -> AccessNeed {
        if case .options = exchange.method { return .nothing }
        let (route, _) = try Self.routes.match(exchange.method, exchange.path)
        return AccessNeed(
            route.right, route.right == .none || route.isInScope ? .kept : .all, operation: "mlflow \(route.path)",
            audit: route.audit)
    }
}

extension MLflowRoute {
    /// Requests that jobs send all the time.
    private static let frequent: Set<String> = [
        "/mlflow/runs/log-metric", "/mlflow/runs/log-batch", "/mlflow/runs/log-parameter",
    ]

    fileprivate var audit: AccessNeed.Audit {
        if right <= .read { return .never }
        return Self.frequent.contains(path) ? .sparsely(nil) : .each
    }
}
