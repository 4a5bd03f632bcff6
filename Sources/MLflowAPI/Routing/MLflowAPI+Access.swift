package import Access
package import HTTPServer

/// What a request needs.
///
/// MLflow's requests name runs in their bodies and paths. So for a token that is limited to some runs (`--only`), each
/// handler looks itself whether a run is among them (`MLflowCall.run()`), searches only among them, and gives new runs
/// ids of them. Routes that do so say it (`inScope`); others are for tokens without that limit.
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
    /// What jobs send all the time.
    private static let frequent: Set<String> = [
        "/mlflow/runs/log-metric", "/mlflow/runs/log-batch", "/mlflow/runs/log-parameter",
    ]

    fileprivate var audit: AccessNeed.Audit {
        if right <= .read { return .never }
        return Self.frequent.contains(path) ? .sparsely(nil) : .each
    }
}
