import Access
import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// A token with `--only team-a-*` sees and changes only such runs.
@Suite struct LimitedTokenTests {
    /// The routes without a run in their path that are tried here.
    static let tried: Set<String> = [
        "listRuns", "listColumns", "readEvents", "compareRuns", "querySeries", "archiveRuns", "restoreRuns",
        "purgeRuns",
        "listTypes", "readServerMetrics",
    ]

    private let api: APIFixture

    init() throws {
        api = try .make(tokens: [
            .init(name: "all", right: .admin), .init(name: "a", right: .admin, only: ["team-a-*", "shared"]),
            .init(name: "b", right: .write, only: ["team-b-?"]),
        ])
        for run in ["team-a-1", "team-a-2", "team-b-1", "shared"] {
            try api.send(as: "all", "PUT", "/runs/\(run)", type: "application/json", #"{"flags": {"lr": 1}}"#)
            let row = #"{"step": 1, "loss": 0.5}"#
            try api.send(as: "all", "POST", "/runs/\(run)/metadata/metrics", type: "application/json", row)
        }
        let secret = #"{"secret_b": 1}"#
        try api.send(as: "all", "POST", "/runs/team-b-1/metadata/properties", type: "application/json", secret)
        try api.send(as: "all", "POST", "/runs/team-b-9/metadata/flags", type: "application/json", #"{"lr": 1}"#)
        try api.send(as: "all", "POST", "/runs/team-a-9/metadata/flags", type: "application/json", #"{"lr": 1}"#)
    }

    private func listed(as token: String, _ query: String = "") throws -> [String] {
        let reply = try api.send(as: token, "GET", "/runs?order=run\(query)")
        #expect(reply.status == 200, "\(reply.text)")
        return try reply.json["runs"]?.array?.compactMap { $0["run"]?.string } ?? []
    }

    private func isRefused(_ reply: HTTPClient.Reply) -> Bool { reply.status == 403 && reply.slug == "run-not-allowed" }

    @Test func listingHasOnlyItsRunsAndCountsOnlyThem() throws {
        #expect(try listed(as: "a") == ["shared", "team-a-1", "team-a-2"])
        #expect(try listed(as: "b") == ["team-b-1"])
        #expect(try listed(as: "all").count == 4)
        #expect(try listed(as: "a", "&where=status%20==%20%22pending%22&archived=all") == ["team-a-9"])
        #expect(try api.send(as: "a", "GET", "/runs?limit=1").json["count"]?.number?.int == 3)
        for format in ["csv", "ndjson"] {
            #expect(!(try api.send(as: "a", "GET", "/runs?format=\(format)").text.contains("team-b")))
        }
        // Page by page.
        var seen: [String] = []
        var target: String? = "/runs?limit=1&order=run"
        while let next = target {
            let reply = try api.send(as: "a", "GET", next)
            seen += try reply.json["runs"]?.array?.compactMap { $0["run"]?.string } ?? []
            target = reply.headers["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
        }
        #expect(seen == ["shared", "team-a-1", "team-a-2"])
    }

    @Test func columnsOfOtherRunsAreNotTold() throws {
        func columns(_ token: String) throws -> [String] {
            try api.send(as: token, "GET", "/columns").json["columns"]?.array?.compactMap(\.string) ?? []
        }
        #expect(try columns("all").contains("secret_b") && columns("b").contains("secret_b"))
        let own = try columns("a")
        #expect(!own.contains("secret_b"))
        #expect(Set(own).isSuperset(of: ["run", "flag_lr", "metric_loss", "min_loss", "max_loss"]))
        // As if no run had it, for all that takes a condition.
        for target in ["/runs?where=secret_b%20==%201", "/runs?order=secret_b", "/runs?columns=secret_b"] {
            let reply = try api.send(as: "a", "GET", target)
            #expect(reply.status == 400 && reply.slug == "invalid-query", "\(reply.text)")
            #expect(!(try reply.json["allowed"]?.array?.contains("secret_b") ?? true))
            #expect(try api.send(as: "b", "GET", target).status == 200)
        }
        let many = try api.send(
            as: "a", "POST", "/runs/archive?where=secret_b%20==%201", headers: [("Content-Length", "0")])
        #expect(many.status == 400)
    }

    @Test func comparingAndSeriesAreForItsRuns() throws {
        for path in ["/compare?runs=", "/series?metrics=loss&runs="] {
            #expect(try api.send(as: "a", "GET", path + "team-a-1,team-a-2").status == 200)
            #expect(isRefused(try api.send(as: "a", "GET", path + "team-a-1,team-b-1")))
            // Whether it exists is not told either.
            #expect(isRefused(try api.send(as: "a", "GET", path + "team-a-1,nowhere")))
        }
    }

    @Test func runsOfOthersAreRefusedWhetherTheyExistOrNot() throws {
        for run in ["team-b-1", "nowhere", "team-b-9"] {
            for path in [
                "", "/metadata", "/metadata/metrics", "/metrics", "/files", "/files/x", "/events", "/output",
                "/bundle.tar.gz",
            ] {
                #expect(isRefused(try api.send(as: "a", "GET", "/runs/\(run)\(path)")), "\(run)\(path)")
            }
            for (method, path) in [
                ("PUT", ""), ("POST", "/complete"), ("POST", "/metadata/flags"), ("PUT", "/files/x"), ("DELETE", ""),
                ("POST", "/archive"), ("POST", "/resume"), ("POST", "/data/notes"), ("POST", "/metadata"),
            ] {
                #expect(isRefused(try api.send(as: "a", method, "/runs/\(run)\(path)", "x=1")), "\(run)\(path)")
            }
        }
        #expect(try api.send(as: "all", "GET", "/runs/nowhere").status == 404)
        #expect(try api.send(as: "a", "GET", "/runs/team-a-nowhere").status == 404)
        #expect(try api.send(as: "a", "GET", "/runs/team-a-1/bundle.tar.gz").status == 200)
    }

    /// Escapes do not lead past the pattern.
    @Test func escapedNamesAreTheSameNames() throws {
        #expect(isRefused(try api.send(as: "a", "GET", "/runs/team%2Db-1")))
        // Not by `send`, which keeps what openapi.yaml is held against: a tool that does not undo the escape.
        let token = try #require(api.tokens["a"])
        let client = try api.client()
        try client.write(
            HTTPClient.request("GET", "/runs/te%61m-a-1", headers: [("Authorization", "Bearer \(token)")]))
        #expect(try client.read().status == 200)
        #expect(try api.send(as: "a", "GET", "/runs/team-a-1%2F..%2Fteam-b-1").status == 400)
    }

    @Test func serverMakesNoIDForIt() throws {
        let reply = try api.send(as: "a", "POST", "/runs", headers: [("Content-Length", "0")])
        #expect(isRefused(reply) && reply.detail.contains("PUT /runs/{id}"))
        #expect(try api.send(as: "a", "PUT", "/runs/team-a-new").status == 201)
        #expect(try api.send(as: "all", "POST", "/runs", headers: [("Content-Length", "0")]).status == 201)
    }

    @Test func eventsAreOfItsRuns() throws {
        let token = try #require(api.tokens["a"])
        let client = try api.client()
        try client.write(HTTPClient.request("GET", "/events", headers: [("Authorization", "Bearer \(token)")]))
        #expect(try client.read(hasBody: false).status == 200)
        var text = ""
        func read(until mark: String) throws {
            while !text.contains(mark), let chunk = try client.readChunk() {
                text += String(decoding: chunk, as: UTF8.self)
            }
        }
        try read(until: "retry:")
        for run in ["team-b-1", "team-a-1", "team-b-2", "shared"] {
            try api.send(
                as: "all", "POST", "/runs/\(run)/metadata/evaluation", type: "application/json", #"{"acc": 1}"#)
        }
        try read(until: "\"shared\"")
        #expect(text.contains("team-a-1") && !text.contains("team-b"))
        // The same of what was missed meanwhile.
        let first = try #require(text.firstMatch(of: /id: (\S+)/)).1
        let other = try api.client()
        try other.write(
            HTTPClient.request(
                "GET", "/events", headers: [("Authorization", "Bearer \(token)"), ("Last-Event-ID", String(first))]))
        #expect(try other.read(hasBody: false).status == 200)
        var missed = ""
        while !missed.contains("\"shared\""), let chunk = try other.readChunk() {
            missed += String(decoding: chunk, as: UTF8.self)
        }
        #expect(missed.contains("team-a-1") && !missed.contains("team-b"))
    }

    @Test func changesOfManyAreOfItsRuns() throws {
        func change(_ token: String, _ path: String, _ form: String) throws -> [String] {
            let reply = try api.send(
                as: token, "POST", "/runs/\(path)", type: "application/x-www-form-urlencoded", form)
            #expect(reply.status == 200, "\(reply.text)")
            return try reply.json["runs"]?.array?.compactMap(\.string).sorted() ?? []
        }
        let own = ["shared", "team-a-1", "team-a-2"]
        #expect(try change("a", "archive", "where=TRUE") == own)
        #expect(try change("a", "archive", "where=TRUE&dry_run=false") == own)
        #expect(try listed(as: "all") == ["team-b-1"])
        #expect(try change("a", "restore", "where=TRUE&dry_run=false") == own)
        #expect(try change("a", "purge", "pending=true&dry_run=false") == ["team-a-9"])
        #expect(try change("a", "purge", "where=TRUE&force=true&dry_run=false") == own)
        #expect(try listed(as: "all", "&archived=all") == ["team-b-1", "team-b-9"])
        #expect(try api.send(as: "all", "GET", "/runs/team-b-9").json["status"]?.string == "pending")
    }

    /// `active` is of the token's own sessions: it neither sees nor changes those of others, nor they its own.
    @Test func sessionsAreItsOwn() throws {
        try api.send(as: "all", "PUT", "/runs/team-b-2")
        #expect(try api.send(as: "all", "GET", "/runs/active").json["run"]?.string == "team-b-2")
        #expect(try api.send(as: "a", "GET", "/runs/active").status == 404)
        // What is sent before its run is for its run.
        let waits = try api.send(as: "a", "POST", "/runs/active/metadata/flags", "from=a")
        #expect(waits.status == 202 && !waits.text.contains("token@"), "\(waits.text)")
        #expect(try api.send(as: "all", "PUT", "/runs/team-b-3").status == 201)
        #expect(try api.send(as: "all", "GET", "/runs/team-b-3/metadata/flags").status == 404)
        #expect(try api.send(as: "a", "PUT", "/runs/team-a-5").status == 201)
        #expect(try api.send(as: "a", "GET", "/runs/active/metadata/flags").text.contains("from"))
        #expect(try api.send(as: "a", "GET", "/runs/active").json["run"]?.string == "team-a-5")
        #expect(try api.send(as: "all", "GET", "/runs/active").json["run"]?.string == "team-b-3")
        #expect(
            try api.send(as: "a", "POST", "/runs/active/complete", headers: [("Content-Length", "0")]).status == 200)
        let id = try #require(api.tokens["a"]).dropFirst(3).prefix(8)
        let named = try api.send(as: "all", "GET", "/runs/active", headers: [("Run-Session", "token@\(id)@default")])
        #expect(named.status == 400 && named.slug == "invalid-name")
        let long = String(repeating: "s", count: 128)
        #expect(try api.send(as: "a", "GET", "/runs/active", headers: [("Run-Session", long)]).status == 400)
        #expect(try api.send(as: "all", "GET", "/runs/active", headers: [("Run-Session", long)]).status == 404)
    }

    @Test func serversNumbersSayNothingOfRuns() throws {
        #expect(try api.send(as: "all", "GET", "/metrics").text.contains("rundir_runs{"))
        let own = try api.send(as: "a", "GET", "/metrics")
        #expect(own.status == 200 && !own.text.contains("rundir_runs"))
        #expect(try api.send(as: "a", "GET", "/types").status == 200)
    }

    /// Readiness needs no token, but its warnings name runs.
    @Test func warningsNameRunsOnlyToWhoMayReadAll() throws {
        api.folder.write("runs/team-b-1/tfruns.d/flags.json", "[")
        #expect(eventually { (try? api.send(as: "all", "GET", "/ready").text.contains("team-b-1")) == true })
        for reply in [try api.send("GET", "/ready"), try api.send(as: "a", "GET", "/ready")] {
            #expect(reply.status == 200 && reply.text.contains("unreadable-runs"), "\(reply.text)")
            #expect(!reply.text.contains("team-b-1"))
        }
    }

    @Test func rowsOfItsRunsAreTakenAndOthersRefusedOnOneConnection() throws {
        let client = try api.client()
        let token = try #require(api.tokens["b"])
        for (run, status) in [
            ("team-b-1", 201), ("team-a-1", 403), ("team-b-1", 201), ("team-b-10", 403), ("team-b-1", 201),
            ("team-b-2", 202), ("active", 202),
        ] {
            let reply = try client.send(
                "POST", "/runs/\(run)/metadata/metrics", type: "application/json",
                headers: [("Authorization", "Bearer \(token)")], text: #"{"step": 2, "loss": 1}"#)
            #expect(reply.status == status, "\(run): \(reply.text)")
        }
        #expect(try api.send(as: "all", "GET", "/runs/team-a-1/metrics").json["step"]?.array?.count == 1)
    }
}
