import Glibc
import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import MLflowAPI

/// Requests, and files in run directories, that cost more than they should.
@Suite struct MLflowHostileTests {
    private let api: MLflowFixture

    init() throws { api = try .make() }

    private func metric(_ key: String, of run: String, step: Int = 0) -> JSONValue {
        ["run_id": .string(run), "key": .string(key), "value": 1, "timestamp": 1, "step": .number(JSONNumber(step))]
    }

    private func metrics(of run: String) throws -> [JSONValue] {
        try api.get("runs/get?run_id=\(run)")["run"]?["data"]?["metrics"]?.array ?? []
    }

    /// Rows are read from the end of the log in pieces, of which one may be within a row.
    @Test func aRowThatIsLongerThanWhatIsReadAtOnceIsRead() throws {
        let run = try api.run()
        try api.done("runs/log-metric", metric("first", of: run))
        let names = (0..<1500).map { "\"\(String(repeating: "n", count: 900))\($0)\":1" }
        let reply = try api.send(
            "POST", "/runs/\(run)/metadata/metrics", type: "application/json",
            "{\"step\":7,\(names.joined(separator: ","))}")
        #expect(reply.status == 201)
        let read = try metrics(of: run)
        #expect(read.count == 1501)
        #expect(read.allSatisfy { $0["step"] == ($0["key"] == "first" ? 0 : 7) })
    }

    /// With holes, which take no room on the disk.
    @Test func filesOfAnySizeAreNotReadIntoMemory() throws {
        let run = try api.run()
        try api.done("runs/log-metric", metric("loss", of: run))
        let data = "\(api.folder.path)/runs/\(run)/tfruns.d"
        #expect(truncate("\(data)/metrics.ndjson", 1 << 40) == 0)
        let history = try api.get("metrics/get-history?run_id=\(run)&metric_key=loss")
        #expect(history["metrics"]?.array?.count == 1)
        #expect(try metrics(of: run).map { $0["key"] } == ["loss"])
        for name in ["inputs", "outputs"] {
            api.folder.write("runs/\(run)/tfruns.d/mlflow/\(name).ndjson", "")
            #expect(truncate("\(data)/mlflow/\(name).ndjson", 1 << 40) == 0)
            let reply = try api.send("GET", "/api/2.0/mlflow/runs/get?run_id=\(run)")
            #expect(reply.status == 409 && reply.text.contains("too large"), "\(reply.text)")
            unlink("\(data)/mlflow/\(name).ndjson")
        }
        #expect(try metrics(of: run).count == 1)
    }

    /// In Swift a letter and all marks behind it are one character; MLflow counts each.
    @Test func aNameIsAsLongAsItsScalars() throws {
        let run = try api.run()
        let long = "a" + String(repeating: "\u{0345}", count: 1000)
        let param: JSONValue = ["run_id": .string(run), "key": .string(long), "value": "1"]
        let wide: JSONValue = [
            "run_id": .string(run), "key": .string(String(repeating: "\u{10000}", count: 100)), "value": "1",
        ]
        let value: JSONValue = [
            "run_id": .string(run), "key": "p", "value": .string(String(repeating: long, count: 66)),
        ]
        let tag: JSONValue = ["run_id": .string(run), "key": "t", "value": .string(String(repeating: long, count: 66))]
        for (path, body) in [
            ("runs/log-metric", metric(long, of: run)), ("runs/log-parameter", param), ("runs/log-parameter", wide),
            ("runs/log-parameter", value), ("runs/set-tag", tag), ("experiments/create", ["name": .string(long)]),
            ("experiments/create", ["name": "e", "tags": [["key": .string(long), "value": ""]]]),
        ] as [(String, JSONValue)] {
            #expect(try api.refusal(path, body) == "400 INVALID_PARAMETER_VALUE", "\(path)")
        }
        #expect(try metrics(of: run).isEmpty)
        #expect(api.file("flags.json", of: run) == nil)
    }

    @Test func aRunDoesNotBeginWithMoreTagsThanItMayHave() throws {
        let tags = (0..<100_000).map { JSONValue.object(["key": .string("t\($0)"), "value": "x"]) }
        let reply = try api.post("runs/create", ["tags": .array(tags)])
        #expect(reply.status == 400 && reply.text.contains("--max-names"), "\(reply.text.prefix(300))")
        #expect(try api.found("").isEmpty)
    }

    @Test func theExperimentsTogetherAreOfBoundedSize() throws {
        let tags = (0..<100).map { number in
            JSONValue.object(["key": .string("t\(number)"), "value": .string(String(repeating: "x", count: 20_000))])
        }
        var statuses: [Int] = []
        for number in 0..<5 {
            let body: JSONValue = ["name": .string("e\(number)"), "tags": .array(tags)]
            statuses.append(try api.post("experiments/create", body).status)
        }
        #expect(statuses == [200, 200, 200, 200, 507])
        // Smaller ones, and removing, go on.
        try api.done("experiments/create", ["name": "small"])
        try api.done("experiments/delete-experiment-tag", ["experiment_id": "1", "key": "t0"])
    }

    @Test func anErrorDoesNotSendBackAllThatWasSent() throws {
        let run = try api.run()
        let long = String(repeating: "x", count: 100_000) + "\n"
        for (path, body) in [
            ("runs/update", ["run_id": .string(run), "status": .string(long)]),
            ("runs/delete-tag", ["run_id": .string(run), "key": .string(long)]),
            ("runs/search", ["experiment_ids": ["0"], "run_view_type": .string(long)]),
            ("runs/search", ["experiment_ids": ["0"], "filter": .string("metrics.\(long.prefix(60_000)) = 'a'")]),
        ] as [(String, JSONValue)] {
            let reply = try api.post(path, body)
            #expect(
                reply.status == 400 && reply.body.count < 10_000, "\(path): \(reply.status), \(reply.body.count) bytes")
            #expect(try JSONValue.parse(reply.body)["message"]?.string?.contains("\n") == false, "\(path)")
        }
    }

    @Test func aBodyHasABoundedNumberOfValues() throws {
        let body = "{\"tags\":[" + repeatElement("0", count: 1_500_000).joined(separator: ",") + "]}"
        let reply = try api.send("POST", "/api/2.0/mlflow/runs/create", type: "application/json", body)
        #expect(reply.status == 400 && reply.text.contains("over 1048576 values"), "\(reply.text.prefix(300))")
    }

    /// What a request changed is told with the run, however it names that.
    @Test func theAuditLogHasTheRunsOfArtifactsAndOfNewRuns() throws {
        let run = try api.run()
        let path = "/api/2.0/mlflow-artifacts/artifacts/0/\(run)/artifacts/a.txt"
        #expect(try api.send("PUT", path, "x").status == 200)
        #expect(try api.send("DELETE", path).status == 200)
        // They are written once the reply is sent.
        #expect(eventually { (try? api.audited().count) == 3 })
        for entry in try api.audited() { #expect(entry["run"] == .string(run), "\(entry)") }
    }
}
