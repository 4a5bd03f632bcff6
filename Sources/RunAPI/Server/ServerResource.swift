internal import Access
internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/types`, `/health`, `/ready`, `/metrics`, `/version`, `/openapi.yaml` and `/openapi.json`.
extension RunAPI {
    static let serverRoutes: [Route] = [
        Route("listTypes", .get, "/types", .read, on: .polling, reply: RunAPI.listTypes).about(.inScope),
        Route("readHealth", .get, "/health", .none, on: .polling, reply: RunAPI.readHealth),
        Route("readReadiness", .get, "/ready", .none, reply: RunAPI.readReadiness),
        Route("readServerMetrics", .get, "/metrics", .read, reply: RunAPI.readServerMetrics).about(.inScope),
        Route("readVersion", .get, "/version", .none, reply: RunAPI.readVersion),
        Route("readOpenAPI", .get, "/openapi.yaml", .none, reply: RunAPI.readOpenAPI),
        Route("readOpenAPIAsJSON", .get, "/openapi.json", .none, reply: RunAPI.readOpenAPIAsJSON),
    ]

    func readHealth(_ request: RunRequest) -> HTTPResponse { Self.health }
    func readVersion(_ request: RunRequest) -> HTTPResponse { Self.version }
    func readOpenAPI(_ request: RunRequest) -> HTTPResponse { OpenAPI.yaml }
    func readOpenAPIAsJSON(_ request: RunRequest) -> HTTPResponse { OpenAPI.json }

    private static let health = HTTPResponse.json(200, ["status": "ok"])

    private static let version = HTTPResponse.json(
        200,
        [
            "name": "rundir", "version": .string(OpenAPI.version), "libmicrohttpd": .string(HTTPServer.libraryVersion),
            "openapi": "/openapi.json",
        ])

    /// Whether writes are accepted, and if not, all causes. (While the server shuts down, every request is refused with
    /// that reason, including this one.)
    func readReadiness(_ request: RunRequest) throws -> HTTPResponse {
        let reasons = store.hindrances.map {
            StoreHindrance(name: $0.name, detail: Problem.withoutPaths($0.detail))
        }
        if reasons.isEmpty {
            // These do not make the server unready; with faulty writers, the previous ones stay registered.
            var warnings = JSONObject()
            if let fault = registered.fault { warnings["writers"] = .string(fault) }
            for warning in store.warnings { warnings[warning.name] = .string(warning.detail) }
            // They name runs and paths, and this needs no token.
            if request.grant.right < .read || request.grant.scope.isLimited {
                for name in warnings.names { warnings[name] = "hidden; ask with a token that may read all runs" }
            }
            let status: JSONObject = ["status": "ready"]
            if warnings.isEmpty { return .json(200, .object(status)) }
            return .json(200, ["status": "ready", "warnings": .object(warnings)])
        }
        throw Problem(503, "not-ready", "Not ready", reasons.map(\.detail).joined(separator: "; ")).with {
            $0.reasons = reasons
            $0.headers = [("Retry-After", "5")]
        }
    }

    /// All metrics, for Prometheus. The number of runs is counted at most every ten seconds, and left out for a token
    /// that may not see all runs.
    func readServerMetrics(_ request: RunRequest) throws -> HTTPResponse {
        var text = PrometheusText()
        telemetry.write(to: &text)
        Telemetry.write(store.statistics, to: &text)
        Telemetry.write(hub.statistics, to: &text)
        let scope = request.grant.scope
        if !scope.isLimited, let counts = telemetry.runCounts({ try? self.store.runCounts() }) {
            Telemetry.write(counts, to: &text)
        }
        if !scope.isLimited, let bytes = store.usedBytes {
            text.gauge("rundir_runs_bytes", "Bytes of all runs' files, where they are bounded.", Double(bytes))
        }
        if let room = store.room {
            text.gauge("rundir_disk_free_bytes", "Free bytes of the runs' file system.", Double(room.free))
            text.gauge("rundir_disk_size_bytes", "Total bytes of the runs' file system.", Double(room.size))
        }
        text.gauge(
            "rundir_ready", "Whether writes are accepted.",
            store.hindrances.isEmpty ? 1 : 0)
        Telemetry.writeProcess(to: &text)
        return HTTPResponse(status: 200, type: PrometheusText.mediaType, body: text.bytes)
    }

    func listTypes(_ request: RunRequest) -> HTTPResponse {
        let types = writers.writers.map { writer -> JSONValue in
            let methods = ["GET", "POST"] + (writer is any PatchableWriter ? ["PATCH"] : []) + ["DELETE"]
            return [
                "type": .string(writer.type.description),
                "description": .string(writer.summary),
                "accepts": .array(writer.accepts.map { .string($0) }),
                "limit": .number(JSONNumber(limit(of: writer))),
                "methods": .array(methods.map { .string($0) }),
            ]
        }
        return .json(200, ["types": .array(types)])
    }
}
