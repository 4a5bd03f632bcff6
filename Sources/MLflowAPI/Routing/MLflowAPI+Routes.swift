internal import Access
internal import HTTPServer
internal import JSON

/// All routes of the API. Each is declared beside its handler.
extension MLflowAPI {
    static let routes = MLflowRoutes(
        [
            loggingRoutes, runRoutes, searchRoutes, metricRoutes, experimentRoutes, inputRoutes, artifactRoutes,
            modelRoutes, serverRoutes,
        ].flatMap { $0 })

    private static let serverRoutes: [MLflowRoute] = [
        MLflowRoute(.get, "/mlflow/server-info", .none, on: .bySize, reply: MLflowAPI.serverInfo),
        MLflowRoute(.get, "/mlflow/server-features", .none, on: .bySize, reply: MLflowAPI.serverInfo),
    ]

    /// What the server supports. MLflow's clients ask for it before large uploads and downloads.
    func serverInfo(_ call: MLflowCall) -> JSONObject {
        [
            "store_type": "RundirStore", "workspaces_enabled": false, "trace_archival_enabled": false,
            "multipart_uploads_enabled": false, "multipart_downloads_enabled": false,
        ]
    }
}
