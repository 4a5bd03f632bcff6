import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import MLflowAPI

/// Runs, metrics, params and tags over HTTP.
@Suite struct MLflowRunsTests {
    private let api: MLflowFixture

    init() throws { api = try .make() }

    @Test func runIsRunLikeAnyOther() throws {
        let run = try api.run(
            "0", ["run_name": "first", "start_time": 1_732_440_600_123, "tags": [["key": "team/a", "value": "x"]]])
        try api.done("runs/log-parameter", ["run_id": .string(run), "key": "lr", "value": "0.010"])
        try api.done("runs/log-parameter", ["run_id": .string(run), "key": "opt", "value": "adam"])
        for (step, loss) in [(0, "0.5"), (1, "0.25")] {
            try api.done(
                "runs/log-metric",
                [
                    "run_id": .string(run), "key": "loss", "value": .number(JSONNumber(loss)!),
                    "timestamp": 1_732_440_600_500, "step": .number(JSONNumber(step)),
                ])
        }
        try api.done("runs/update", ["run_id": .string(run), "status": "FINISHED", "end_time": 1_732_440_700_000])
        #expect(api.file("flags.json", of: run) == "{\n  \"lr\": 0.010,\n  \"opt\": \"adam\"\n}\n")
        #expect(api.file("properties/team%2Fa", of: run) == "x\n")
        #expect(api.file("properties/start", of: run) == "1732440600.123\n")
        #expect(api.file("properties/end", of: run) == "1732440700.0\n")
        #expect(api.file("properties/completed", of: run) == "TRUE\n")
        #expect(api.file("metrics.json", of: run)?.contains("\"loss\": [0.5, 0.25]") == true)
        let listed = try JSONValue.parse(api.send("GET", "/runs/\(run)").body)
        #expect(listed["status"] == "completed")
        #expect(listed["metric_loss"] == 0.25)
        let read = try api.get("runs/get?run_id=\(run)")
        let info = try #require(read["run"]?["info"])
        #expect(info["status"] == "FINISHED")
        #expect(info["run_name"] == "first")
        #expect(info["start_time"] == 1_732_440_600_123)
        #expect(info["end_time"] == 1_732_440_700_000)
        #expect(info["lifecycle_stage"] == "active")
        #expect(info["artifact_uri"] == .string("mlflow-artifacts:/0/\(run)/artifacts"))
        let data = try #require(read["run"]?["data"])
        #expect(data["params"] == [["key": "lr", "value": "0.010"], ["key": "opt", "value": "adam"]])
        #expect(
            data["metrics"] == [["key": "loss", "value": 0.25, "timestamp": 1_732_440_600_500, "step": 1]])
        #expect(data["tags"]?.array?.contains(["key": "team/a", "value": "x"]) == true)
    }

    @Test func paramKeepsItsValue() throws {
        let run = try api.run()
        let param: (String) -> JSONValue = { ["run_id": .string(run), "key": "lr", "value": .string($0)] }
        try api.done("runs/log-parameter", param("0.1"))
        try api.done("runs/log-parameter", param("0.1"))
        #expect(try api.refusal("runs/log-parameter", param("0.2")) == "400 INVALID_PARAMETER_VALUE")
        // A batch with such a param stores nothing.
        let batch: JSONValue = [
            "run_id": .string(run), "params": [["key": "lr", "value": "0.3"]], "tags": [["key": "t", "value": "x"]],
            "metrics": [["key": "m", "value": 1, "timestamp": 1, "step": 0]],
        ]
        #expect(try api.refusal("runs/log-batch", batch) == "400 INVALID_PARAMETER_VALUE")
        let data = try api.get("runs/get?run_id=\(run)")["run"]?["data"]
        #expect(data?["params"] == [["key": "lr", "value": "0.1"]])
        #expect(data?["metrics"] == nil)
        #expect(data?["tags"] == nil)
    }

    @Test func everyValueOfStepIsInHistory() throws {
        let run = try api.run()
        for (value, time) in [(JSONValue.number(0.5), 1000), ("NaN", 2000), ("-Infinity", 3000), ("7", 4000)] {
            try api.done(
                "runs/log-metric",
                [
                    "run_id": .string(run), "key": "loss", "value": value, "timestamp": .number(JSONNumber(time)),
                    "step": "3",
                ])
        }
        let all = try api.get("metrics/get-history?run_id=\(run)&metric_key=loss")
        let values = all["metrics"]?.array?.map { $0["value"] }
        #expect(values == [0.5, "NaN", "-Infinity", 7])
        #expect(all["metrics"]?.array?.map { $0["timestamp"] } == [1000, 2000, 3000, 4000])
        // The frame has a step once.
        #expect(try api.send("GET", "/runs/\(run)/metrics").text == "{\n  \"step\": [3],\n  \"loss\": [7]\n}\n")
        var (token, pages): (String?, [JSONValue?]) = ("", [])
        while let next = token {
            let page = try api.get(
                "metrics/get-history?run_id=\(run)&metric_key=loss&max_results=3&page_token=\(next)")
            pages += page["metrics"]?.array?.map { $0["value"] } ?? []
            token = page["next_page_token"]?.string
        }
        #expect(pages == values)
        // What is sent again with the same time is the same value; another time makes another.
        for time in [4000, 500] {
            try api.done(
                "runs/log-metric",
                ["run_id": .string(run), "key": "loss", "value": 7, "timestamp": .number(JSONNumber(time)), "step": 3])
        }
        let more = try api.get("metrics/get-history?run_id=\(run)&metric_key=loss")
        #expect(more["metrics"]?.array?.map { $0["timestamp"] } == [500, 1000, 2000, 3000, 4000])
        let bulk = try api.get("metrics/get-history-bulk?run_ids=\(run)&run_ids=\(run)&metric_key=loss")
        #expect(bulk["metrics"]?.array?.count == 10)
        let interval = try api.get(
            "metrics/get-history-bulk-interval?run_ids=\(run)&metric_key=loss&start_step=0&end_step=2")
        #expect(interval["metrics"] == nil)
    }

    @Test(arguments: [
        ("FINISHED", "completed"), ("FAILED", "failed"), ("KILLED", "stopped"), ("RUNNING", "running"),
        ("SCHEDULED", "running"),
    ])
    func statusIsOneOfRundirs(_ mlflow: String, _ rundir: String) throws {
        let run = try api.run()
        // From any state to any other.
        for status in ["KILLED", "FINISHED", "FAILED", "RUNNING", mlflow] {
            try api.done("runs/update", ["run_id": .string(run), "status": .string(status)])
        }
        #expect(try JSONValue.parse(api.send("GET", "/runs/\(run)").body)["status"] == .string(rundir))
        let status = try api.get("runs/get?run_id=\(run)")["run"]?["info"]?["status"]
        #expect(status == .string(mlflow == "SCHEDULED" ? "RUNNING" : mlflow))
    }

    @Test func deletedRunIsArchived() throws {
        let run = try api.run()
        try api.done("runs/delete", ["run_id": .string(run)])
        #expect(try JSONValue.parse(api.send("GET", "/runs/\(run)").body)["status"] == "archived")
        let metric: JSONValue = ["run_id": .string(run), "key": "m", "value": 1, "timestamp": 1]
        #expect(try api.refusal("runs/log-metric", metric) == "400 INVALID_PARAMETER_VALUE")
        #expect(try api.found("") == [])
        let deleted = try api.done("runs/search", ["experiment_ids": ["0"], "run_view_type": "DELETED_ONLY"])
        #expect(deleted["runs"]?.array?.first?["info"]?["lifecycle_stage"] == "deleted")
        try api.done("runs/restore", ["run_id": .string(run)])
        try api.done("runs/log-metric", metric)
        #expect(try api.found("") == [run])
    }

    @Test func searchFindsAndSorts() throws {
        var runs: [String] = []
        for (index, (opt, loss)) in [("adam", "0.3"), ("sgd", "0.1"), ("adamw", "0.2")].enumerated() {
            let run = try api.run("0", ["start_time": .number(JSONNumber(1000 + index))])
            try api.done(
                "runs/log-batch",
                [
                    "run_id": .string(run), "params": [["key": "opt", "value": .string(opt)]],
                    "metrics": [["key": "loss", "value": .number(JSONNumber(loss)!), "timestamp": 1, "step": 0]],
                    "tags": [["key": "a/b", "value": .string("T \(index)")]],
                ])
            runs.append(run)
        }
        // One that was not made by MLflow.
        let body = #"{"flags":{"opt":"rmsprop","deep":true},"properties":{"start":0.5}}"#
        #expect(try api.send("PUT", "/runs/own", type: "application/json", body).status == 201)
        #expect(try api.found("metrics.loss < 0.25", order: ["metrics.loss DESC"]) == [runs[2], runs[1]])
        #expect(try api.found("params.opt LIKE 'adam%'") == [runs[2], runs[0]])
        #expect(try api.found("params.opt ILIKE 'ADAM'") == [runs[0]])
        #expect(try api.found("tags.`a/b` = 'T 1'") == [runs[1]])
        #expect(try api.found("tags.nobody = 'x'") == [])
        #expect(try api.found("params.deep = 'true'") == ["own"])
        #expect(try api.found("attributes.start_time <= 1000") == [runs[0], "own"])
        #expect(try api.found("status = 'RUNNING' AND run_id != 'own'").count == 3)
        #expect(try api.found("run_name = 'own'") == ["own"])
        #expect(try api.found("", order: ["metrics.nobody", "start_time ASC"]).first == "own")
        var (token, pages): (String?, [String]) = ("", [])
        while let next = token {
            let page = try api.done(
                "runs/search", ["experiment_ids": ["0"], "max_results": 3, "page_token": .string(next)])
            pages += page["runs"]?.array?.compactMap { $0["info"]?["run_id"]?.string } ?? []
            token = page["next_page_token"]?.string
        }
        #expect(pages == runs.reversed() + ["own"])
        let own = try api.get("runs/get?run_id=own")["run"]
        #expect(own?["data"]?["params"] == [["key": "opt", "value": "rmsprop"], ["key": "deep", "value": "true"]])
    }

    /// Also where that was sent a megabyte of rows before.
    @Test func lastValueIsThatOfTheGreatestStep() throws {
        let run = try api.run()
        func log(_ key: String, _ value: JSONValue, step: Int) throws {
            try api.done(
                "runs/log-metric",
                [
                    "run_id": .string(run), "key": .string(key), "value": value, "timestamp": 1000,
                    "step": .number(JSONNumber(step)),
                ])
        }
        try log("loss", 0.5, step: 90_000)
        try log("acc", 0.25, step: 7)
        for batch in 0..<30 {
            let metrics = (0..<1000).map { index -> JSONValue in
                ["key": "other", "value": 1, "timestamp": 1000, "step": .number(JSONNumber(batch * 1000 + index))]
            }
            try api.done("runs/log-batch", ["run_id": .string(run), "metrics": .array(metrics)])
        }
        try log("loss", 9, step: 1)
        let metrics = try api.get("runs/get?run_id=\(run)")["run"]?["data"]?["metrics"]?.array ?? []
        let found = metrics.reduce(into: [String: [JSONValue?]]()) {
            $0[$1["key"]?.string ?? ""] = [$1["value"], $1["step"]]
        }
        #expect(found == ["loss": [0.5, 90000], "acc": [0.25, 7], "other": [1, 29999]])
    }

    @Test func tagsAreSetAndDeleted() throws {
        let run = try api.run()
        let key: JSONValue = ["run_id": .string(run), "key": "end", "value": "of days"]
        try api.done("runs/set-tag", key)
        let read = try api.get("runs/get?run_id=\(run)")["run"]
        #expect(read?["data"]?["tags"] == [["key": "end", "value": "of days"]])
        #expect(read?["info"]?["status"] == "RUNNING")
        try api.done("runs/delete-tag", key)
        #expect(try api.refusal("runs/delete-tag", key) == "404 RESOURCE_DOES_NOT_EXIST")
    }

    @Test func runsOfMLflowAreNotActiveForOthers() throws {
        #expect(try api.send("PUT", "/runs/mine").status == 201)
        _ = try api.run()
        let active = try JSONValue.parse(api.send("GET", "/runs/active").body)
        #expect(active["run"] == "mine")
    }

    @Test func serverSaysWhatItCanDo() throws {
        let info = try JSONValue.parse(api.send("GET", "/api/3.0/mlflow/server-info").body)
        #expect(info["multipart_uploads_enabled"] == false)
        #expect(try api.send("GET", "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0").status == 200)
    }
}
