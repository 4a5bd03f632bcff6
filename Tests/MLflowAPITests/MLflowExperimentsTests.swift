import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import HTTPServer
@testable import MLflowAPI

/// Experiments and artifacts over HTTP.
@Suite struct MLflowExperimentsTests {
    private let api: MLflowFixture

    init() throws { api = try .make() }

    private func create(_ name: String) throws -> String {
        try #require(try api.done("experiments/create", ["name": .string(name)])["experiment_id"]?.string)
    }

    @Test func experimentIsKept() throws {
        let id = try create("résumé/1")
        #expect(id == "1")
        let found = try api.get("experiments/get-by-name?experiment_name=r%C3%A9sum%C3%A9%2F1")["experiment"]
        #expect(found?["experiment_id"] == "1")
        #expect(found?["artifact_location"] == "mlflow-artifacts:/1")
        #expect(try api.refusal("experiments/create", ["name": "résumé/1"]) == "400 RESOURCE_ALREADY_EXISTS")
        let missing = try api.send("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=x")
        #expect(missing.status == 404)
        #expect(try api.get("experiments/get?experiment_id=0")["experiment"]?["name"] == "Default")
        try api.done("experiments/set-experiment-tag", ["experiment_id": "1", "key": "k", "value": "v"])
        try api.done("experiments/update", ["experiment_id": "1", "new_name": "new"])
        let changed = try api.get("experiments/get?experiment_id=1")["experiment"]
        #expect(changed?["name"] == "new")
        #expect(changed?["tags"] == [["key": "k", "value": "v"]])
        try api.done("experiments/delete-experiment-tag", ["experiment_id": "1", "key": "k"])
        #expect(try api.get("experiments/get?experiment_id=1")["experiment"]?["tags"] == nil)
        #expect(try Experiments(api.store).list()["1"]?.name == "new")
    }

    @Test func oneOfManyCreatesAnExperiment() throws {
        let replies = Mutex<[Int]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { index in
            // Each name by two at a time.
            let reply = try? api.post("experiments/create", ["name": .string("e\(index / 2)")])
            replies.withLock { $0.append(reply?.status ?? 0) }
        }
        #expect(replies.withLock { $0.sorted() } == [200, 200, 200, 200, 400, 400, 400, 400])
        let ids = try Experiments(api.store).list().all.map(\.id)
        #expect(ids.sorted() == ["0", "1", "2", "3", "4"])
    }

    @Test func deletedExperimentTakesItsRunsAlong() throws {
        let id = try create("a")
        let (run, other) = (try api.run(id), try api.run())
        #expect(api.file("properties/experiment", of: run) == "a\n")
        #expect(try api.found("", experiment: id) == [run])
        #expect(try api.found("", experiment: "0") == [other])
        try api.done("experiments/delete", ["experiment_id": .string(id)])
        #expect(try api.get("runs/get?run_id=\(run)")["run"]?["info"]?["lifecycle_stage"] == "deleted")
        #expect(try api.refusal("runs/create", ["experiment_id": .string(id)]) == "400 INVALID_PARAMETER_VALUE")
        #expect(try api.refusal("experiments/create", ["name": "a"]) == "400 RESOURCE_ALREADY_EXISTS")
        #expect(try api.found("", experiment: "0") == [other])
        try api.done("experiments/restore", ["experiment_id": .string(id)])
        #expect(try api.found("", experiment: id) == [run])
        #expect(try api.refusal("experiments/delete", ["experiment_id": "0"]) == "400 INVALID_PARAMETER_VALUE")
        #expect(try api.refusal("experiments/delete", ["experiment_id": "99"]) == "404 RESOURCE_DOES_NOT_EXIST")
    }

    @Test func experimentsAreSearched() throws {
        for name in ["alpha", "beta", "alphabet"] { _ = try create(name) }
        try api.done("experiments/set-experiment-tag", ["experiment_id": "2", "key": "k", "value": "v"])
        func names(_ body: JSONObject) throws -> [String] {
            let reply = try api.done("experiments/search", .object(body))
            return (reply["experiments"]?.array ?? []).compactMap { $0["name"]?.string }
        }
        #expect(try names(["filter": "name LIKE 'alpha%'", "order_by": ["name DESC"]]) == ["alphabet", "alpha"])
        #expect(try names(["filter": "tags.k = 'v'"]) == ["beta"])
        #expect(try names(["max_results": 2, "order_by": ["name ASC"]]) == ["Default", "alpha"])
        try api.done("experiments/delete", ["experiment_id": "2"])
        #expect(try names(["view_type": "DELETED_ONLY"]) == ["beta"])
        #expect(try names(["view_type": "ALL"]).count == 4)
        #expect(try api.refusal("experiments/search", ["filter": "colour = 'x'"]) == "400 INVALID_PARAMETER_VALUE")
    }

    @Test func artifactsGoUpAndDown() throws {
        let run = try api.run()
        let root = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts"
        for (path, text) in [("a.txt", "hello"), ("model/MLmodel", "m"), ("model/data/x", ""), ("sp%20ace", "s")] {
            #expect(try api.send("PUT", "\(root)/\(path)", type: "text/plain", text).status == 200)
        }
        #expect(api.folder.text("runs/\(run)/model/MLmodel") == "m")
        #expect(try api.send("GET", "\(root)/a.txt").text == "hello")
        #expect(try api.send("GET", "\(root)/model/data/x").text == "")
        let list = try api.get("artifacts/list?run_id=\(run)")
        #expect(list["root_uri"] == .string("mlflow-artifacts:/0/\(run)/artifacts"))
        #expect(
            list["files"] == [
                ["path": "a.txt", "is_dir": false, "file_size": 5], ["path": "model", "is_dir": true],
                ["path": "sp ace", "is_dir": false, "file_size": 1],
            ])
        #expect(try api.get("artifacts/list?run_id=\(run)&path=model")["files"]?.array?.last?["path"] == "model/data")
        let proxied = try api.send("GET", "/api/2.0/mlflow-artifacts/artifacts?path=0/\(run)/artifacts/model")
        #expect(try JSONValue.parse(proxied.body)["files"]?.array?.first?["path"] == "MLmodel")
        #expect(try api.send("DELETE", "\(root)/model").status == 200)
        #expect(try api.send("GET", "\(root)/model/MLmodel").status == 404)
        #expect(try api.send("PUT", "\(root)/tfruns.d/flags.json", "{}").status == 400)
        #expect(try api.send("DELETE", "\(root)/").status == 200)
        #expect(try api.get("artifacts/list?run_id=\(run)")["files"] == nil)
        #expect(api.file("properties/start", of: run) != nil)
    }

    @Test func modelsAndInputsAreKept() throws {
        let run = try api.run()
        let dataset: JSONValue = ["name": "d", "digest": "1", "source_type": "local", "source": "{}"]
        let inputs: JSONValue = ["run_id": .string(run), "datasets": [["dataset": dataset, "tags": []]]]
        try api.done("runs/log-inputs", inputs)
        try api.done("runs/log-inputs", inputs)
        let made = try api.done(
            "logged-models",
            [
                "experiment_id": "0", "name": "net", "source_run_id": .string(run),
                "params": [["key": "depth", "value": "3"]],
            ])
        let id = try #require(made["model"]?["info"]?["model_id"]?.string)
        try api.done("runs/outputs", ["run_id": .string(run), "models": [["model_id": .string(id), "step": 0]]])
        try api.done(
            "runs/log-metric",
            ["run_id": .string(run), "key": "acc", "value": 0.5, "timestamp": 1, "step": 0, "model_id": .string(id)])
        let patch = try api.send(
            "PATCH", "/api/2.0/mlflow/logged-models/\(id)", type: "application/json",
            #"{"status":"LOGGED_MODEL_READY"}"#)
        #expect(patch.status == 200)
        let tags = try api.send(
            "PATCH", "/api/2.0/mlflow/logged-models/\(id)/tags", type: "application/json",
            #"{"tags":[{"key":"t","value":"1"},{"key":"u","value":"2"}]}"#)
        #expect(tags.status == 200)
        #expect(try api.send("DELETE", "/api/2.0/mlflow/logged-models/\(id)/tags/u").status == 200)
        let read = try api.get("logged-models/\(id)")["model"]
        #expect(read?["info"]?["status"] == "LOGGED_MODEL_READY")
        #expect(read?["info"]?["tags"] == [["key": "t", "value": "1"]])
        #expect(read?["data"]?["params"] == [["key": "depth", "value": "3"]])
        #expect(read?["data"]?["metrics"]?.array?.first?["value"] == 0.5)
        let back = try api.get("runs/get?run_id=\(run)")["run"]
        #expect(back?["inputs"]?["dataset_inputs"]?.array?.count == 1)
        #expect(back?["outputs"]?["model_outputs"]?.array?.first?["model_id"] == .string(id))
        #expect(back?["data"]?["tags"] == nil)
        let search: JSONValue = ["experiment_ids": ["0"], "filter": "name = 'net' AND params.depth = '3'"]
        #expect(try api.done("logged-models/search", search)["models"]?.array?.count == 1)
        #expect(try api.send("DELETE", "/api/2.0/mlflow/logged-models/\(id)").status == 200)
        #expect(try api.send("GET", "/api/2.0/mlflow/logged-models/\(id)").status == 404)
    }
}
