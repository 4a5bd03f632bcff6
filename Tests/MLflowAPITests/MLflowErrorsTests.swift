import DirectoryStore
import JSON
import TestSupport
import Testing

/// Requests that are refused, and the errors of MLflow's API that they get.
@Suite struct MLflowErrorsTests {
    private let api: MLflowFixture

    init() throws { api = try .make() }

    @Test func writeToUnknownRunLeavesNothing() throws {
        let metric: JSONValue = ["run_id": "nobody", "key": "m", "value": 1, "timestamp": 1]
        #expect(try api.refusal("runs/log-metric", metric) == "404 RESOURCE_DOES_NOT_EXIST")
        let param: JSONValue = ["run_id": "nobody", "key": "p", "value": "1"]
        #expect(try api.refusal("runs/log-parameter", param) == "404 RESOURCE_DOES_NOT_EXIST")
        #expect(try api.refusal("runs/set-tag", ["run_id": "nobody", "key": "t"]) == "404 RESOURCE_DOES_NOT_EXIST")
        #expect(try api.refusal("runs/log-batch", ["run_id": "nobody"]) == "404 RESOURCE_DOES_NOT_EXIST")
        #expect(try api.refusal("runs/delete", ["run_id": "nobody"]) == "404 RESOURCE_DOES_NOT_EXIST")
        #expect(
            try api.refusal("runs/update", ["run_id": "nobody", "status": "FINISHED"]) == "404 RESOURCE_DOES_NOT_EXIST")
        let upload = try api.send("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/nobody/artifacts/a.txt", "x")
        #expect(upload.status == 404)
        #expect(try api.send("GET", "/runs/nobody").status == 404)
        #expect(try api.store.pendingRuns(unchangedFor: 0).isEmpty)
    }

    @Test(arguments: [
        ("runs/log-metric", #"{"run_id":"r","key":"m"}"#), ("runs/log-metric", #"{"run_id":"r","key":"m","value":1}"#),
        ("runs/log-metric", #"{"run_id":"r","key":"m","value":"x","timestamp":1}"#),
        ("runs/log-metric", #"{"run_id":"r","key":"m","value":1,"timestamp":-1}"#),
        ("runs/log-metric", #"{"run_id":"r","key":"m","value":1,"timestamp":1,"step":1.5}"#),
        ("runs/log-metric", #"{"run_id":"r","key":"a%b","value":1,"timestamp":1}"#),
        ("runs/log-metric", #"{"key":"m","value":1,"timestamp":1}"#), ("runs/set-tag", #"{"run_id":"r"}"#),
        ("runs/set-tag", #"{"run_id":"r","key":"k","value":"a\u0000b"}"#),
        ("runs/log-parameter", #"{"run_id":"r","value":"1"}"#), ("runs/update", #"{"run_id":"r","status":"DONE"}"#),
        ("runs/create", #"{"tags":[1]}"#), ("runs/search", #"{"experiment_ids":["0"],"filter":"x y z"}"#),
        ("runs/search", #"{"experiment_ids":["0"],"max_results":0}"#),
        ("runs/search", #"{"experiment_ids":["0"],"page_token":"x"}"#),
        ("experiments/create", #"{}"#), ("runs/log-inputs", #"{"run_id":"r","datasets":[{}]}"#),
    ])
    func badValueIsRefused(_ path: String, _ body: String) throws {
        let reply = try api.send("POST", "/api/2.0/mlflow/\(path)", type: "application/json", body)
        #expect(reply.status == 400, "\(reply.text)")
        #expect(try JSONValue.parse(reply.body)["error_code"] == "INVALID_PARAMETER_VALUE")
    }

    @Test func otherRequestsGetMLflowsErrors() throws {
        let code: (HTTPClient.Reply) throws -> String = {
            "\($0.status) \(try JSONValue.parse($0.body)["error_code"]?.string ?? "")"
        }
        let unknown = try api.send("GET", "/api/2.0/mlflow/nothing/here")
        #expect(try code(unknown) == "404 ENDPOINT_NOT_FOUND")
        let traces = try api.send("POST", "/api/3.0/mlflow/traces", type: "application/json", "{}")
        #expect(try code(traces) == "501 NOT_IMPLEMENTED")
        let broken = try api.send("POST", "/api/2.0/mlflow/runs/create", type: "application/json", "{")
        #expect(try code(broken) == "400 BAD_REQUEST")
        let form = try api.send("POST", "/api/2.0/mlflow/runs/create", type: "text/plain", "{}")
        #expect(try code(form) == "400 BAD_REQUEST")
        let foreign = try api.send(
            "POST", "/api/2.0/mlflow/runs/create", type: "application/json",
            headers: [("Origin", "http://evil.example")],
            "{}")
        #expect(try code(foreign) == "403 PERMISSION_DENIED")
    }
}
