import Access
import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import MLflowAPI

/// A token with `--only team-a-*` sees and changes only such runs through MLflow's API too.
@Suite struct MLflowScopeTests {
    private let api: MLflowFixture

    init() throws {
        api = try .make(tokens: [("all", .admin, []), ("a", .admin, ["team-a-*"]), ("one", .write, ["team-a-1"])])
        for run in ["team-a-1", "team-b-1"] {
            let body = #"{"flags": {"lr": 1}}"#
            let row = #"{"step": 1, "loss": 0.5}"#
            for (method, path, text) in [("PUT", "", body), ("POST", "/metadata/metrics", row)] {
                let reply = try api.send(
                    method, "/runs/\(run)\(path)", type: "application/json", headers: api.as("all"), text)
                #expect(reply.status == 201)
            }
        }
    }

    private func send(_ token: String, _ method: String, _ path: String, _ body: String = "") throws -> HTTPClient.Reply
    {
        let type = path.contains("mlflow-artifacts") ? nil : "application/json"
        return try api.send(method, "/api/2.0\(path)", type: type, headers: api.as(token), body)
    }

    /// Requests that name a run of another token, by route.
    private static let foreign: [String: (path: String, body: String)] = {
        let run = #""run_id": "team-b-1""#
        let metric = #"{\#(run), "key": "m", "value": 1, "timestamp": 1, "step": 1}"#
        let files = "/mlflow-artifacts/artifacts/0/team-b-1/artifacts"
        return [
            "POST /mlflow/runs/log-metric": ("", metric),
            "POST /mlflow/runs/log-batch": ("", "{\(run)}"),
            "POST /mlflow/runs/log-parameter": ("", #"{\#(run), "key": "p", "value": "1"}"#),
            "POST /mlflow/runs/set-tag": ("", #"{\#(run), "key": "t", "value": "1"}"#),
            "POST /mlflow/runs/delete-tag": ("", #"{\#(run), "key": "t"}"#),
            "GET /mlflow/runs/get": ("?run_uuid=team-b-1", ""),
            "POST /mlflow/runs/update": ("", #"{\#(run), "status": "FAILED"}"#),
            "POST /mlflow/runs/delete": ("", "{\(run)}"),
            "POST /mlflow/runs/restore": ("", "{\(run)}"),
            "GET /mlflow/metrics/get-history": ("?run_id=team-b-1&metric_key=loss", ""),
            "GET /mlflow/metrics/get-history-bulk": ("?run_id=team-a-1&run_id=team-b-1&metric_key=loss", ""),
            "GET /mlflow/metrics/get-history-bulk-interval": ("?run_ids=team-b-1&metric_key=loss", ""),
            "POST /mlflow/runs/log-inputs": ("", "{\(run)}"),
            "POST /mlflow/runs/outputs": ("", "{\(run)}"),
            "POST /mlflow/runs/log-model": ("", #"{\#(run), "model_json": "{}"}"#),
            "GET /mlflow/artifacts/list": ("?run_id=team-b-1", ""),
            "GET /mlflow-artifacts/artifacts": ("?path=0/team-b-1/artifacts", ""),
            "GET /mlflow-artifacts/artifacts/{path}": ("\(files)/a.txt", ""),
            "PUT /mlflow-artifacts/artifacts/{path}": ("\(files)/a.txt", "x"),
            "DELETE /mlflow-artifacts/artifacts/{path}": ("\(files)/a.txt", ""),
            "POST /mlflow/logged-models": ("", #"{"source_run_id": "team-b-1"}"#),
            "GET /mlflow/logged-models/{model}": ("/mlflow/logged-models/m-team-b-1-00000000", ""),
            "PATCH /mlflow/logged-models/{model}": ("/mlflow/logged-models/m-team-b-1-00000000", #"{"status": "2"}"#),
            "DELETE /mlflow/logged-models/{model}": ("/mlflow/logged-models/m-team-b-1-00000000", ""),
            "PATCH /mlflow/logged-models/{model}/tags": ("/mlflow/logged-models/m-team-b-1-00000000/tags", "{}"),
            "DELETE /mlflow/logged-models/{model}/tags/{key}": (
                "/mlflow/logged-models/m-team-b-1-00000000/tags/t", ""
            ),
            "POST /mlflow/logged-models/{model}/params": ("/mlflow/logged-models/m-team-b-1-00000000/params", "{}"),
            "GET /mlflow/logged-models/{model}/artifacts/directories": (
                "/mlflow/logged-models/m-team-b-1-00000000/artifacts/directories", ""
            ),
        ]
    }()

    /// Routes that name no run: searches among the token's runs, new runs, experiments.
    private static let withoutRun: Set<String> = [
        "POST /mlflow/runs/create", "POST /mlflow/runs/search", "POST /mlflow/logged-models/search",
        "POST /mlflow/experiments/create", "GET /mlflow/experiments/get", "GET /mlflow/experiments/get-by-name",
        "POST /mlflow/experiments/search", "GET /mlflow/experiments/search", "GET /mlflow/experiments/list",
        // Refused to everybody.
        "GET /mlflow-artifacts/presigned/{path}", "POST /mlflow-artifacts/mpu/create/{path}",
    ]

    private static func name(_ route: MLflowRoute) -> String { "\(route.method.name) \(route.path)" }

    @Test func everyRouteInScopeRefusesRunsOfOthers() throws {
        for route in MLflowAPI.routes.all where route.isInScope && !Self.withoutRun.contains(Self.name(route)) {
            let request = try #require(Self.foreign[Self.name(route)], "no request tries \(Self.name(route))")
            let path = request.path.hasPrefix("/") ? request.path : route.path + request.path
            let reply = try send("a", route.method.name, path, request.body)
            #expect(reply.status == 403, "\(Self.name(route)): \(reply.status) \(reply.text)")
            #expect(reply.text.contains("PERMISSION_DENIED") && reply.text.contains("team-a-*"), "\(reply.text)")
            // The one who may gets another reply.
            #expect(try send("all", route.method.name, path, request.body).status != 403, "\(Self.name(route))")
        }
        #expect(
            try api.send("GET", "/runs/team-b-1/properties", headers: api.as("all")).text.contains("\"t\"") == false)
    }

    @Test func otherRoutesAreForTokensWithoutLimit() throws {
        for route in MLflowAPI.routes.all where !route.isInScope && route.right != .none {
            let reply = try send("a", route.method.name, route.path, "{}")
            #expect(reply.status == 403, "\(Self.name(route)): \(reply.status)")
        }
    }

    @Test func searchFindsOnlyItsRuns() throws {
        func found(_ token: String) throws -> [String] {
            let all = #"{"experiment_ids": ["0"], "order_by": ["run_id"]}"#
            let reply = try send(token, "POST", "/mlflow/runs/search", all)
            let runs = try JSONValue.parse(reply.body)["runs"]?.array ?? []
            return runs.compactMap { $0["info"]?["run_id"]?.string }
        }
        #expect(try found("all") == ["team-a-1", "team-b-1"])
        #expect(try found("a") == ["team-a-1"])
        for run in ["team-a-1", "team-b-1"] {
            #expect(try send("all", "POST", "/mlflow/logged-models", #"{"source_run_id": "\#(run)"}"#).status == 200)
        }
        let models = try send("a", "POST", "/mlflow/logged-models/search", #"{"experiment_ids": ["0"]}"#).text
        #expect(models.contains("m-team-a-1-") && !models.contains("team-b-1"))
    }

    @Test func newRunHasAnIDThatTheTokenAllows() throws {
        let experiment = try send("a", "POST", "/mlflow/experiments/create", #"{"name": "mine"}"#)
        #expect(experiment.text == #"{"experiment_id":"1"}"#)
        let reply = try send("a", "POST", "/mlflow/runs/create", #"{"experiment_id": "1", "run_name": "first"}"#)
        let run = try #require(JSONValue.parse(reply.body)["run"]?["info"]?["run_id"]?.string)
        #expect(run.hasPrefix("team-a-20"))
        let metric = #"{"run_id": "\#(run)", "key": "loss", "value": 1, "timestamp": 1}"#
        #expect(try send("a", "POST", "/mlflow/runs/log-metric", metric).status == 200)
        let file = "/mlflow-artifacts/artifacts/1/\(run)/artifacts/a.txt"
        #expect(try send("a", "PUT", file, "x").status == 200)
        #expect(try send("a", "GET", file).text == "x")
        let end = #"{"run_id": "\#(run)", "status": "FINISHED"}"#
        #expect(try send("a", "POST", "/mlflow/runs/update", end).status == 200)
        // It is the active run of a session of the token's own only.
        let active = try api.send("GET", "/runs/active", headers: api.as("all") + [("Run-Session", "mlflow")])
        #expect(active.status == 404)
        // A pattern without a star leaves the server no choice.
        let other = try send("one", "POST", "/mlflow/runs/create", #"{"experiment_id": "0"}"#)
        #expect(other.status == 403 && other.text.contains("team-a-1"))
    }
}
