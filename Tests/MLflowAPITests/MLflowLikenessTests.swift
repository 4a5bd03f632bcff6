import JSON
import TestSupport
import Testing

@testable import MLflowAPI

/// Where clients see a difference from MLflow's own server.
@Suite struct MLflowLikenessTests {
    private let api: MLflowFixture

    init() throws { api = try MLflowFixture.make() }

    private func search(_ view: String = "ACTIVE_ONLY") throws -> [JSONValue] {
        try api.done("runs/search", ["experiment_ids": ["0"], "run_view_type": .string(view)])["runs"]?.array ?? []
    }

    private func send(_ path: String, _ text: String, status: Int) throws {
        let reply = try api.send("POST", path, type: "application/json", text)
        #expect(reply.status == status, "\(reply.text)")
    }

    private func data(_ run: String) throws -> JSONValue? { try api.get("runs/get?run_id=\(run)")["run"]?["data"] }

    private func log(_ run: String, _ value: JSONValue, time: Int, step: Int) throws {
        try api.done(
            "runs/log-metric",
            [
                "run_id": .string(run), "key": "m", "value": value, "timestamp": .number(JSONNumber(time)),
                "step": .number(JSONNumber(step)),
            ])
    }

    @Test func numbersBeyondDoublesAreInfinite() throws {
        let run = try api.run()
        let digits = "1" + String(repeating: "0", count: 400)
        let row = "{\"step\":1,\"big\":\(digits),\"small\":-\(digits)}"
        try send("/runs/\(run)/metadata/metrics", row, status: 201)
        for found in [try data(run), try search().first?["data"]] {
            let metrics = found?["metrics"]?.array ?? []
            #expect(metrics.map { $0["value"] } == ["Infinity", "-Infinity"])
        }
    }

    @Test func theLastValueIsOfTheGreatestStepThenTimeThenValue() throws {
        let run = try api.run()
        for (value, time) in [(3, 10), (1, 10), (2, 10), (5, 9)] {
            try log(run, .number(JSONNumber(value)), time: time, step: 1)
        }
        #expect(try data(run)?["metrics"]?.array?.first?["value"] == 3)
        try log(run, "NaN", time: 10, step: 1)
        #expect(try data(run)?["metrics"]?.array?.first?["value"] == "NaN")
    }

    @Test func whatIsNotInitialisedIsInNoSearch() throws {
        let run = try api.run()
        try send("/runs/waiting/metadata/flags", #"{"lr":1}"#, status: 202)
        for view in ["ACTIVE_ONLY", "ALL"] {
            #expect(try search(view).compactMap { $0["info"]?["run_id"]?.string } == [run])
        }
        #expect(try search("DELETED_ONLY").isEmpty)
    }

    /// MLflow's server cuts them off.
    @Test func longValuesAreKept() throws {
        let run = try api.run()
        let text = String(repeating: "x", count: 9000)
        try api.done("runs/log-parameter", ["run_id": .string(run), "key": "p", "value": .string(text)])
        try api.done("runs/set-tag", ["run_id": .string(run), "key": "t", "value": .string(text)])
        #expect(try data(run)?["params"] == [["key": "p", "value": .string(text)]])
        #expect(try data(run)?["tags"]?.array?.contains(["key": "t", "value": .string(text)]) == true)
    }

    @Test func namesInAFilterAreInQuotesOfEachKind() throws {
        let run = try api.run()
        try api.done(
            "runs/log-metric",
            ["run_id": .string(run), "key": "val acc", "value": 1, "timestamp": 1, "step": 1])
        for name in ["`val acc`", "\"val acc\"", "'val acc'"] {
            #expect(try api.found("metrics.\(name) > 0", experiment: "0") == [run], "\(name)")
        }
    }

    /// As after a deletion that was cut off.
    @Test func deletingAgainTakesTheRunsThatAreLeft() throws {
        let made = try api.done("experiments/create", ["name": "a"])
        let id = try #require(made["experiment_id"]?.string)
        let run = try api.run(id)
        try api.done("experiments/delete", ["experiment_id": .string(id)])
        try api.done("runs/restore", ["run_id": .string(run)])
        try api.done("experiments/delete", ["experiment_id": .string(id)])
        #expect(try api.get("runs/get?run_id=\(run)")["run"]?["info"]?["lifecycle_stage"] == "deleted")
        #expect(
            try api.refusal("experiments/delete", ["experiment_id": .string(id)]) == "404 RESOURCE_DOES_NOT_EXIST")
    }

    @Test func deletedExperimentsAreNotChanged() throws {
        let made = try api.done("experiments/create", ["name": "a"])
        let id: JSONValue = try #require(made["experiment_id"])
        #expect(try api.refusal("experiments/restore", ["experiment_id": id]) == "404 RESOURCE_DOES_NOT_EXIST")
        try api.done("experiments/delete", ["experiment_id": id])
        #expect(try api.refusal("experiments/delete", ["experiment_id": id]) == "404 RESOURCE_DOES_NOT_EXIST")
        let rename: JSONValue = ["experiment_id": id, "new_name": "b"]
        #expect(try api.refusal("experiments/update", rename) == "400 INVALID_STATE")
        let tag: JSONValue = ["experiment_id": id, "key": "k", "value": "v"]
        #expect(try api.refusal("experiments/set-experiment-tag", tag) == "400 INVALID_PARAMETER_VALUE")
        let search: JSONValue = ["filter": .string("experiment_id = '\(id.string ?? "")'"), "view_type": "ALL"]
        let found = try api.done("experiments/search", search)
        #expect(found["experiments"]?.array?.map { $0["name"] } == ["a"])
    }
}
