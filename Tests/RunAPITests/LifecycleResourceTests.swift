import JSON
import TestSupport
import Testing

/// How runs begin, end and go on: what is answered with 2xx has had its effect.
@Suite struct LifecycleResourceTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    private func status() throws -> String? { try api.send("GET", "/runs/a").json["status"]?.string }
    private func listed() throws -> String? {
        try api.send("GET", "/runs?where=run%20==%20%22a%22").json["runs"]?.array?.first?["status"]?.string
    }

    @Test func aRunThatIsThereTakesWhatItIsGiven() throws {
        let again = try api.send("PUT", "/runs/a", #"{"flags":{"lr":[0.1]},"properties":{"note":"x"}}"#)
        #expect(again.status == 200)
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == ["lr": [0.1]])
        #expect(try api.send("GET", "/runs/a/metadata/properties").json["note"] == "x")
        #expect(try api.send("PUT", "/runs/a").status == 200)
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == ["lr": [0.1]])
        try api.send("POST", "/runs/a/archive")
        #expect(try api.send("PUT", "/runs/a", #"{"flags":{"lr":0.2}}"#).status == 409)
    }

    @Test func anErrorBehindTheEndIsStoredAndTheRunHasFailed() throws {
        #expect(try api.send("POST", "/runs/a/complete").status == 200)
        #expect(try status() == "completed")
        #expect(try api.send("POST", "/runs/a/metadata/error", #"{"message":"late"}"#).status == 201)
        #expect(try status() == "failed" && listed() == "failed")
        #expect(try api.send("POST", "/runs/a/metadata/error", #"{"message":"second"}"#).status == 201)
        #expect(try api.send("GET", "/runs/a/metadata/error").json["message"] == "second")
        #expect(try api.send("GET", "/runs/a").json["completed"] == true, "the end stays as it is")
    }

    @Test func aRunEndsAsItIsSaid() throws {
        let body = #"{"completed":false,"end":"2026-11-24T09:30:00Z","evaluation":{"acc":0.9}}"#
        #expect(try api.send("POST", "/runs/a/complete", body).status == 200)
        #expect(try status() == "stopped" && listed() == "stopped")
        #expect(try api.send("GET", "/runs/a").json["end"] == 1_795_512_600)
        #expect(try api.send("GET", "/runs/a/metadata/evaluation").json == ["acc": 0.9])
        #expect(try api.send("POST", "/runs/a/complete", body).status == 200, "the same again")
        for other in [
            "", #"{"completed":true}"#, #"{"completed":false,"end":5}"#, #"{"completed":false,"evaluation":{"acc":1}}"#,
        ] {
            try BadRequest("POST", "/runs/a/complete", type: "application/json", other, 409, "run-ended").check(api)
        }
    }

    @Test(arguments: [
        #"{"completed":"perhaps"}"#, #"{"end":"soon"}"#, #"{"complete":true}"#, #"{"evaluation":{"acc":"good"}}"#, "[]",
    ])
    func anEndThatIsNoneIsRefused(body: String) throws {
        #expect(try api.send("POST", "/runs/a/complete", body).status == 422)
        #expect(try status() == "running")
    }

    @Test func aFailedRunGoesOn() throws {
        for attempt in 1...2 {
            try api.send("POST", "/runs/a/metadata/error", "{\"message\":\"attempt \(attempt)\"}")
            #expect(try api.send("POST", "/runs/a/complete").status == 409)
            let reply = try api.send("POST", "/runs/a/resume")
            #expect(try reply.status == 200 && reply.json["status"] == "running" && reply.json["end"] == nil)
            #expect(try listed() == "running")
            #expect(try api.send("GET", "/runs/a/metadata/error").status == 404)
            #expect(api.folder.text("runs/a/tfruns.d/errors/\(attempt).json")?.contains("attempt \(attempt)") == true)
        }
        #expect(try api.send("POST", "/runs/a/resume").status == 200, "it is running")
        #expect(
            try api.send("POST", "/runs/active/metadata/metrics", #"{"loss":1}"#).status == 201, "it is the active one")
        #expect(try api.send("POST", "/runs/a/complete").status == 200)
        #expect(try status() == "completed")
        #expect(try api.send("POST", "/runs/none/resume").status == 404)
    }

    @Test(arguments: [
        ("flags", #"{"x":[null]}"#, "flags.json"), ("evaluation", #"{"x":1}"#, "evaluation.json"),
        ("metrics", #"{"loss":1}"#, "metrics.ndjson"), ("error", #"{"message":"m"}"#, "error.json"),
        ("customnotes", #"{"a":1}"#, "notes.json"),
    ])
    func metadataIsRemoved(type: String, body: String, file: String) throws {
        #expect(try api.send("DELETE", "/runs/a/metadata/\(type)").status == 404)
        #expect(try api.send("POST", "/runs/a/metadata/\(type)", body).status == 201)
        #expect(try api.send("DELETE", "/runs/a/metadata/\(type)").status == 204)
        #expect(!api.folder.exists("runs/a/tfruns.d/\(file)") && !api.folder.exists("runs/a/tfruns.d/sent/\(file)"))
        #expect(try api.send("GET", "/runs/a/metadata/\(type)").status == 404)
        #expect(try api.send("POST", "/runs/a/metadata/\(type)", body).status == 201)
        #expect(try api.send("GET", "/runs/a/metadata/\(type)").status == 200)
        #expect(try status() == (type == "error" ? "failed" : "running"))
    }

    @Test func removingAnErrorLeavesARunThatWasStopped() throws {
        try api.send("POST", "/runs/a/metadata/error", #"{"message":"m"}"#)
        try api.send("DELETE", "/runs/a/metadata/error")
        #expect(try status() == "stopped")
    }

    @Test func whatClientsSetOfPropertiesIsRemoved() throws {
        try api.send("POST", "/runs/a/metadata/properties", #"{"note":"x","samples":3}"#)
        #expect(try api.send("DELETE", "/runs/a/metadata/properties").status == 204)
        let left = try api.send("GET", "/runs/a/metadata/properties").json.object?.names.sorted()
        #expect(left == ["completed", "context", "script", "start", "type"])
        #expect(try api.send("DELETE", "/runs/a/metadata/properties").status == 404)
    }

    @Test func severalTypesAreWrittenTogetherOrNotAtAll() throws {
        let body =
            #"{"flags":{"lr":0.1},"metrics":[{"step":1,"loss":NaN}],"properties":{"note":"x"},"evaluation":{"acc":1}}"#
        #expect(try api.send("POST", "/runs/a/metadata", body).status == 201)
        #expect(try api.send("GET", "/runs/a/metadata/metrics").json == ["step": [1], "loss": ["NaN"]])
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == ["lr": 0.1])
        let bad = try api.send("POST", "/runs/a/metadata", #"{"flags":{"lr":9},"metrics":[{"step":2,"loss":"high"}]}"#)
        #expect(try bad.status == 422 && bad.json["pointer"] == "/metrics/0/loss")
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == ["lr": 0.1])
        for body in ["{}", "[]", #"{"flag":{"lr":1}}"#] {
            #expect(try api.send("POST", "/runs/a/metadata", body).status == 422, "\(body)")
        }
        #expect(try api.send("POST", "/runs/p/metadata", body).status == 202)
    }

    /// The epoch that diverges is not lost here either; elsewhere NaN is no number.
    @Test func printedNumbersAreTakenWhereTypesAreWrittenTogether() throws {
        let body = #"{"metrics":{"step":1,"loss":nan,"acc":.5,"x":NA},"evaluation":{"loss":-inf},"flags":{"lr":1}}"#
        #expect(try api.send("POST", "/runs/a/metadata", body).status == 201)
        #expect(
            try api.send("GET", "/runs/a/metadata/metrics").json == [
                "step": [1], "loss": ["NaN"], "acc": [0.5], "x": [.null],
            ])
        #expect(try api.send("GET", "/runs/a/metadata/evaluation").json == ["loss": "-Inf"])
        for body in [#"{"flags":{"a":[NaN]},"metrics":{"step":2}}"#, #"{"properties":{"a":{"b":inf}}}"#] {
            let reply = try api.send("POST", "/runs/a/metadata", body)
            #expect(reply.status == 400 && reply.text.contains("in quotes"), "\(reply.text)")
        }
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == ["lr": 1])
        let end = try api.send("POST", "/runs/a/complete", #"{"evaluation":{"loss":.25,"acc":nan}}"#)
        #expect(end.status == 200)
        #expect(try api.send("GET", "/runs/a/metadata/evaluation").json == ["loss": 0.25, "acc": "NaN"])
    }

    /// As R's `toJSON(list(script = NULL, type = "tuning"))` sends a start.
    @Test func nullIsTakenAsRSendsIt() throws {
        #expect(try api.send("PUT", "/runs/r", #"{"script":{},"context":null,"type":["tuning"]}"#).status == 201)
        let run = try api.send("GET", "/runs/r").json
        #expect(run["script"] == "r" && run["type"] == "tuning" && run["context"] == "remote")
    }

    /// `rundir.sh fail 137`
    @Test func messagesOfFormsAreText() throws {
        #expect(try api.send("POST", "/runs/a/metadata/error", "message=137&traceback=1.50&code=137").status == 201)
        #expect(
            try api.send("GET", "/runs/a/metadata/error").json == [
                "message": "137", "traceback": ["1.50"], "code": 137,
            ])
    }

    @Test func runsThatWaitAreListedWhereTheyAreAskedFor() throws {
        try api.send("POST", "/runs/typo/metadata/flags", #"{"lr":0.5}"#)
        func runs(_ query: String) throws -> [String]? {
            try api.send("GET", "/runs?\(query)").json["runs"]?.array?.compactMap { $0["run"]?.string }.sorted()
        }
        #expect(try runs("") == ["a"])
        #expect(try runs("where=flag_lr%20==%200.5") == [])
        #expect(try runs("where=status%20==%20%22pending%22") == ["typo"])
        #expect(try runs("where=status%20%25in%25%20c(%22pending%22,%22running%22)") == ["a", "typo"])
        #expect(try runs("archived=all") == ["a", "typo"])
        #expect(try runs("archived=true") == [])
        let listed = try api.send("GET", "/runs?archived=all&where=run%20==%20%22typo%22").json["runs"]?.array?.first
        #expect(listed?["status"] == "pending" && listed?["flag_lr"] == 0.5)
        try api.send("PUT", "/runs/typo")
        #expect(try runs("where=status%20==%20%22pending%22") == [])
        #expect(try runs("") == ["a", "typo"])
        try api.send("POST", "/runs/other/metadata/flags", #"{"lr":0.5}"#)
        #expect(try runs("archived=all") == ["a", "other", "typo"])
        try api.send("DELETE", "/runs/other?force=true")
        #expect(try runs("archived=all") == ["a", "typo"])
    }

    @Test func whatWaitsSaysForWhat() throws {
        let run = try api.send("POST", "/runs/typo/metadata/flags", #"{"lr":1}"#)
        #expect(try run.status == 202 && run.json["run"] == "typo")
        #expect(try run.json["detail"]?.string?.contains("PUT /runs/typo") == true)
        try api.send("POST", "/runs/a/complete")
        let session = try api.send("POST", "/runs/active/metadata/flags", #"{"lr":1}"#)
        #expect(try session.status == 202 && session.json["detail"]?.string?.contains("next run") == true)
    }

    @Test(arguments: [
        ("GET", "/runs/a"), ("PUT", "/runs/a"), ("POST", "/runs"), ("POST", "/runs/a/complete"),
        ("POST", "/runs/a/resume"),
        ("GET", "/runs/a/metadata"), ("GET", "/runs/a/metadata/properties"), ("POST", "/runs/a/metadata/flags"),
        ("PATCH", "/runs/a/metadata/flags"), ("DELETE", "/runs/a/metadata/flags"), ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/types"), ("GET", "/events"), ("GET", "/runs/a/events"), ("GET", "/runs/a/bundle.tar.gz"),
        ("GET", "/metrics"), ("GET", "/openapi.yaml"), ("GET", "/runs/a/files"), ("DELETE", "/runs/a"),
        ("POST", "/runs/a/archive"), ("GET", "/compare"), ("GET", "/runs/a/metrics"), ("GET", "/version"),
    ])
    func anUnknownFieldOfTheQueryIsAnError(method: String, path: String) throws {
        try api.send("POST", "/runs/a/metadata/metrics", #"{"loss":1}"#)
        let body: String? = method == "POST" || method == "PATCH" ? #"{"lr":1}"# : nil
        let reply = try api.send(method, "\(path)?limt=5", body ?? "")
        #expect(reply.status == 400 && reply.slug == "invalid-query", "\(reply.status) \(reply.text)")
    }
}
