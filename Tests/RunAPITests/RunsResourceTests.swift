import JSON
import TestSupport
import Testing

/// `/runs`, `/runs/{id}`, `/runs/{id}/complete`, and their removal.
@Suite struct RunsResourceTests {
    private let api: APIFixture

    init() throws { api = try .make() }

    @Test func postMakesARunWithAnIdOfTheTime() throws {
        let reply = try api.send("POST", "/runs")
        #expect(reply.status == 201)
        #expect(reply.headers["content-type"] == "application/json")
        let run = try #require(reply.json["run"]?.string)
        #expect(run.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?/) != nil)
        #expect(reply.headers["location"] == "/runs/\(run)")
        #expect(api.file("properties/completed", of: run) == "FALSE\n")
        #expect(try api.send("GET", "/runs/active").json["run"]?.string == run)
        let second = try api.send("POST", "/runs")
        #expect(second.status == 201)
        #expect(try second.json["run"]?.string != run)
    }

    @Test func putInitialisesARunOnce() throws {
        let body =
            #"{"flags":{"lr":0.10,"drop":null},"properties":{"samples":48000},"script":"train.py","context":"c"}"#
        let reply = try api.send("PUT", "/runs/lr-0.1", type: "application/json", body)
        #expect(reply.status == 201)
        #expect(reply.headers["location"] == "/runs/lr-0.1")
        let run = try #require(reply.json.object)
        let expected: JSONObject = [
            "completed": false, "type": "training", "context": "c", "script": "train.py", "status": "running",
            "run": "lr-0.1", "samples": .number(48000),
            "links": [
                "self": "/runs/lr-0.1", "metadata": "/runs/lr-0.1/metadata", "files": "/runs/lr-0.1/files",
                "bundle": "/runs/lr-0.1/bundle.tar.gz",
            ],
        ]
        for member in expected.members { #expect(run[member.name] == member.value, "\(member.name)") }
        #expect(run["flag_lr"]?.number?.text == "0.10")
        #expect(run["start"]?.number != nil && run["updated"]?.number != nil && run["end"] == nil)
        #expect(api.file("flags.json", of: "lr-0.1") == "{\n  \"lr\": 0.10\n}\n")

        let again = try api.send("PUT", "/runs/lr-0.1", type: "application/json", #"{"flags":{"lr":9}}"#)
        #expect(again.status == 200)
        #expect(again.headers["location"] == nil)
        #expect(try again.json["flag_lr"] == 9, "it takes what it is given")
    }

    @Test(
        arguments: [
            ("application/x-www-form-urlencoded", "script=train.py&context=cluster"),
            ("application/x-www-form-urlencoded", #"{"script":"train.py","context":"cluster"}"#),
            ("application/json; charset=utf-8", #"{"script":"train.py","context":"cluster"}"#),
            ("", #" {"script":"train.py","context":"cluster"}"#),
        ])
    func newRunMayComeInAnyForm(type: String, body: String) throws {
        let reply = try api.send("PUT", "/runs/a", type: type.isEmpty ? nil : type, body)
        #expect(reply.status == 201)
        #expect(try reply.json["script"]?.string == "train.py")
        #expect(try reply.json["context"]?.string == "cluster")
    }

    @Test func pendingMetadataIsPublishedByInitialising() throws {
        #expect(try api.send("POST", "/runs/a/metadata/flags", "lr=0.1").status == 202)
        #expect(try api.send("GET", "/runs/a").json["status"]?.string == "pending")
        #expect(api.file("flags.json", of: "a") == nil)
        #expect(try api.send("PUT", "/runs/a").json["flag_lr"]?.number?.text == "0.1")
        #expect(api.file("flags.json", of: "a") == "{\n  \"lr\": 0.1\n}\n")
    }

    @Test func metadataForTheActiveRunWaitsForTheNextOneOfItsSession() throws {
        let session = [("Run-Session", "gpu-3")]
        #expect(try api.send("POST", "/runs/active/metadata/flags", headers: session, "lr=0.1").status == 202)
        #expect(try api.send("PUT", "/runs/other").json["flag_lr"] == nil)
        #expect(try api.send("PUT", "/runs/mine", headers: session).json["flag_lr"]?.number?.text == "0.1")
        #expect(try api.send("POST", "/runs/active/metadata/flags", headers: session, "lr=0.2").status == 201)
        #expect(api.file("flags.json", of: "mine") == "{\n  \"lr\": 0.2\n}\n")
        #expect(try api.send("GET", "/runs/active").json["run"]?.string == "other")
        #expect(try api.send("GET", "/runs/active", headers: session).json["run"]?.string == "mine")
    }

    @Test func completeEndsTheRunOnceAndClearsTheActiveOne() throws {
        try api.send("PUT", "/runs/a")
        try api.send("POST", "/runs/active/metadata/metrics", #"{"epoch":1,"loss":NaN}"#)
        let reply = try api.send("POST", "/runs/active/complete")
        #expect(reply.status == 200)
        #expect(try reply.json["status"]?.string == "completed")
        #expect(try reply.json["completed"] == true)
        #expect(api.file("properties/completed", of: "a") == "TRUE\n")
        #expect(api.file("metrics.json", of: "a") == "{\n  \"epoch\": [1],\n  \"loss\": [\"NaN\"]\n}\n")
        let again = try api.send("POST", "/runs/a/complete")
        #expect(again.status == 200)
        #expect(try again.json["end"] == reply.json["end"])
        #expect(try api.send("GET", "/runs/active").slug == "unknown-run")
        #expect(try api.send("POST", "/runs/active/complete").slug == "unknown-run")
        #expect(try api.send("POST", "/runs/a/metadata/evaluation", "acc=1").status == 201, "evaluation comes after")
    }

    @Test func completingAPendingRunIsKeptPending() throws {
        try api.send("POST", "/runs/p/metadata/flags", "lr=0.1")
        let reply = try api.send("POST", "/runs/p/complete")
        #expect(reply.status == 202)
        #expect(try reply.json["status"]?.string == "pending")
        #expect(try api.send("PUT", "/runs/p").json["status"]?.string == "completed")
    }

    @Test func errorEndsTheRunAsFailed() throws {
        try api.send("PUT", "/runs/a")
        #expect(try api.send("POST", "/runs/a/metadata/error", "message=out+of+memory").status == 201)
        let run = try api.send("GET", "/runs/a").json
        #expect(run["status"]?.string == "failed")
        #expect(run["error_message"]?.string == "out of memory")
        #expect(run["completed"] == false)
        #expect(try api.send("POST", "/runs/a/complete").status == 409, "it has failed")
    }

    @Test func archivedRunTakesNoMetadata() throws {
        try api.send("PUT", "/runs/a")
        api.folder.write("runs/archive/b/tfruns.d/flags.json", "{}\n")
        #expect(try api.send("GET", "/runs/b").json["status"]?.string == "archived")
        try BadRequest("POST", "/runs/b/metadata/flags", "lr=1", 409, "run-archived", "\"b\" is archived").check(api)
        try BadRequest("PUT", "/runs/b", 409, "run-archived").check(api)
        try BadRequest("POST", "/runs/b/complete", 409, "run-archived").check(api)
    }

    @Test(arguments: [1, 3, 7, 1000])
    func listingShowsEachRunOnceNewestFirst(limit: Int) throws {
        let client = try api.client()
        for number in 0..<23 {
            _ = try client.send("PUT", "/runs/r\(number)", text: "")
            // Runs that started at the same time are told apart by their ids.
            _ = try client.send("POST", "/runs/r\(number)/metadata/properties", text: "start=\(100 + number / 4).5")
        }
        var seen: [String] = []
        var target = "/runs?limit=\(limit)"
        while true {
            let reply = try client.send("GET", target)
            #expect(reply.status == 200)
            let runs = try #require(reply.json["runs"]?.array)
            #expect(runs.count <= limit)
            seen += runs.compactMap { $0["run"]?.string }
            guard let next = try reply.json["next"]?.string else {
                #expect(reply.headers["link"] == nil)
                break
            }
            let link = try #require(reply.headers["link"]?.wholeMatch(of: /<(.*)>; rel="next"/))
            #expect(link.1.contains("limit=\(limit)&cursor="))
            #expect(!next.isEmpty)
            target = String(link.1)
        }
        let newestFirst = (0..<23).map { (start: $0 / 4, run: "r\($0)") }.sorted { $0 > $1 }
        #expect(seen == newestFirst.map(\.run))
    }

    @Test func emptyListingHasNoNext() throws {
        let reply = try api.send("GET", "/runs")
        #expect(reply.status == 200)
        #expect(try reply.json == ["runs": [], "count": 0])
    }

    @Test func runThatSomethingElseMadeIsServed() throws {
        api.folder.write("runs/copied/tfruns.d/properties/start", "1795512600.5\n")
        api.folder.write("runs/copied/tfruns.d/metrics.json", #"{"loss":[0.5,"NaN"]}"#)
        let run = try api.send("GET", "/runs/copied").json
        #expect(run["start"]?.number?.text == "1795512600.5")
        #expect(run["metric_loss"]?.number?.text == "0.5")
        #expect(try api.send("GET", "/runs").json["runs"]?.array?.count == 1)
    }

    @Test func runThatIsNotArchivedIsRemovedByForceAlone() throws {
        let api = try APIFixture.make()
        #expect(try api.send("PUT", "/runs/a").status == 201)
        let refused = try api.send("DELETE", "/runs/a")
        #expect(refused.status == 409)
        #expect(refused.text.contains("/problems/run-not-archived"))
        #expect(try api.send("DELETE", "/runs/a?force=yes").status == 400)
        #expect(try api.send("DELETE", "/runs/a?forced=true").status == 400)
        #expect(try api.send("GET", "/runs/a").status == 200)
        #expect(try api.send("DELETE", "/runs/a?force=true").status == 204)
        #expect(try api.send("GET", "/runs/a").status == 404)
        #expect(try api.send("DELETE", "/runs/a?force=true").status == 404)
    }

    /// Every value is an array as R's `toJSON()` sends it.
    @Test func aRunStartsAsRSendsIt() throws {
        let body =
            #"{"flags":{"lr":[0.1]},"script":["train.R"],"context":["local"],"type":["training"],"#
            + #""properties":{"start":["2026-11-24T09:30:00.5Z"],"samples":[60000],"completed":[false]}}"#
        #expect(try api.send("PUT", "/runs/r", type: "application/json", body).status == 201)
        #expect(api.file("flags.json", of: "r") == "{\n  \"lr\": 0.1\n}\n")
        for (name, text) in [
            ("script", "train.R"), ("context", "local"), ("start", "1795512600.5"), ("samples", "60000"),
            ("completed", "FALSE"),
        ] {
            #expect(api.file("properties/\(name)", of: "r") == text + "\n")
        }
        #expect(try api.send("GET", "/runs/r").json["start"]?.number?.text == "1795512600.5")
    }

    @Test(arguments: [
        (#"{"script":["a","b"]}"#, "/script"), (#"{"script":[]}"#, "/script"), (#"{"context":[1]}"#, "/context"),
        (#"{"flags":{"a":{"b\n":1}}}"#, "/flags/a/b\n"),
        (#"{"properties":{"start":"yesterday"}}"#, "/properties/start"),
        (#"{"properties":{"start":null}}"#, "/properties/start"),
    ])
    func aStartThatSaysSomethingElseIsRefused(body: String, pointer: String) throws {
        let reply = try BadRequest("PUT", "/runs/r", type: "application/json", body, 422, "invalid-content").check(api)
        #expect(try reply.json["pointer"]?.string == pointer)
        #expect(!api.folder.exists("runs/r"))
    }

    /// `ls_runs()` and `view_run()` need them.
    @Test(arguments: ["start", "script"], ["POST", "PATCH"])
    func whatTfrunsNeedsIsNotRemoved(name: String, method: String) throws {
        try api.send("PUT", "/runs/r")
        let before = api.file("properties/\(name)", of: "r")
        let body = "{\"note\":\"x\",\"\(name)\":null}"
        try BadRequest(
            method, "/runs/r/metadata/properties", type: "application/json", body, 422, "invalid-content",
            "cannot be removed"
        ).check(api)
        #expect(before != nil && api.file("properties/\(name)", of: "r") == before)
        #expect(api.file("properties/note", of: "r") == nil)
    }
}
