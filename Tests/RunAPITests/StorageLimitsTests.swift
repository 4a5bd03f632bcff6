import Access
import JSON
import Limits
import RunStore
import TestSupport
import Testing

@testable import RunAPI

/// What a client is told where there is too much of something (ERRORS.md, row 50b): the limit and its setting.
@Suite struct StorageLimitsTests {
    private func fixture(
        tokens: [APIFixture.TokenSettings] = [], _ change: (inout RunRules) -> Void
    ) throws -> APIFixture {
        var rules = RunRules()
        change(&rules)
        return try .make(tokens: tokens, rules: rules)
    }

    /// Expects a problem of a type whose detail names a setting, and that nothing but the problem is told.
    private func expect(
        _ reply: HTTPClient.Reply, _ status: Int, _ slug: String, _ setting: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(reply.status == status, "\(reply.text)", sourceLocation: sourceLocation)
        #expect(reply.slug == slug, sourceLocation: sourceLocation)
        #expect(reply.faultsAsProblem == [], sourceLocation: sourceLocation)
        let detail = reply.problem["detail"]?.string ?? ""
        #expect(detail.contains(setting), "\(detail)", sourceLocation: sourceLocation)
    }

    @Test func runsAreCounted() throws {
        let api = try fixture { $0.mostRuns = Limit(.runs, most: 2, setting: "--max-runs") }
        for run in ["a", "b"] { #expect(try api.send("PUT", "/runs/\(run)").status == 201) }
        expect(try api.send("PUT", "/runs/c"), 507, "too-many-runs", "--max-runs")
        expect(try api.send("POST", "/runs"), 507, "too-many-runs", "--max-runs")
        #expect(try api.send("PUT", "/runs/a").status == 200)
        #expect(try api.send("DELETE", "/runs/a?force=true").status == 204)
        #expect(try api.send("POST", "/runs").status == 201)
    }

    @Test func fullRunTakesNoMoreAndCanEnd() throws {
        let api = try fixture { $0.mostRunBytes = Limit(.bytes, most: 100_000, setting: "--max-run-bytes") }
        try api.send("PUT", "/runs/a")
        let file = String(repeating: "x", count: 60_000)
        #expect(try api.send("PUT", "/runs/a/files/one", file).status == 201)
        expect(try api.send("PUT", "/runs/a/files/two", file), 507, "run-full", "--max-run-bytes")
        #expect(try api.send("GET", "/runs/a/files/two").status == 404)
        #expect(try api.send("PUT", "/runs/a/files/one", file + file.prefix(39_000)).status == 204)
        let row = #"{"step": 1, "loss": 0.5}"#
        var statuses: Set<Int> = []
        for _ in 0..<60 { statuses.insert(try api.send("POST", "/runs/a/metadata/metrics", row).status) }
        #expect(statuses == [201, 507])
        expect(try api.send("POST", "/runs/a/metadata/metrics", row), 507, "run-full", "--max-run-bytes")
        #expect(try api.send("POST", "/runs/a/complete").status == 200)
        #expect(try api.send("DELETE", "/runs/a/files/one").status == 204)
        #expect(try api.send("POST", "/runs/a/metadata/metrics", row).status == 201)
    }

    @Test func allRunsTogetherTakeNoMoreAndSayHowMuchTheyTake() throws {
        let api = try fixture { $0.mostBytes = Limit(.bytes, most: 100_000, setting: "--max-total-bytes") }
        let file = String(repeating: "x", count: 60_000)
        #expect(try api.send("PUT", "/runs/a/files/one", file).status == 202, "pending ones count")
        expect(try api.send("PUT", "/runs/b/files/one", file), 507, "runs-full", "--max-total-bytes")
        let metrics = try api.send("GET", "/metrics").text
        let bytes = metrics.split(separator: "\n").first { $0.hasPrefix("rundir_runs_bytes ") }
        #expect(bytes?.split(separator: " ").last.flatMap { Double($0) } == 60_000, "\(bytes ?? "none")")
        #expect(try api.send("DELETE", "/runs/a?force=true").status == 204)
        #expect(try api.send("PUT", "/runs/b/files/one", file).status == 202)
    }

    @Test func columnsOfAFrameAreCountedOverManyRequests() throws {
        let api = try fixture { $0.mostColumns = Limit(.columns, most: 3000, setting: "--max-columns") }
        try api.send("PUT", "/runs/a")
        func send(_ range: Range<Int>) throws -> HTTPClient.Reply {
            let names = range.map { "\"m\($0)\":1" }.joined(separator: ",")
            return try api.send("POST", "/runs/a/metadata/metrics", "{\(names)}")
        }
        for start in stride(from: 0, to: 3000, by: 1000) { #expect(try send(start..<start + 1000).status == 201) }
        expect(try send(3000..<4000), 422, "invalid-content", "--max-columns")
        expect(try send(2999..<3001), 422, "invalid-content", "--max-columns")
        #expect(try send(0..<1000).status == 201)
        #expect(try api.send("GET", "/runs/a/metadata/metrics").json.object?.members.count == 3000)
        expect(
            try api.send(
                "PATCH", "/runs/a/metadata/flags", "{\((0..<3001).map { "\"f\($0)\":1" }.joined(separator: ","))}"),
            422, "invalid-content", "--max-columns")
    }

    @Test func eachTokenHasItsPendingRuns() throws {
        let api = try fixture(tokens: [.init(name: "a", right: .write), .init(name: "b", right: .write)]) {
            $0.mostPendingOfSender = Limit(.pendingOfSender, most: 2, setting: "--max-pending-per-token")
        }
        let row = #"{"loss": 1}"#
        func send(as token: String, _ target: String) throws -> HTTPClient.Reply {
            try api.send(as: token, "POST", target, type: "application/json", row)
        }
        #expect(try send(as: "a", "/runs/a1/metadata/metrics").status == 202)
        #expect(try api.send(as: "a", "PUT", "/runs/a2/files/f", "x").status == 202)
        expect(try send(as: "a", "/runs/a3/metadata/metrics"), 507, "too-many-pending", "--max-pending-per-token")
        expect(try send(as: "a", "/runs/active/metadata/flags"), 507, "too-many-pending", "--max-pending-per-token")
        expect(
            try api.send(as: "a", "PUT", "/runs/a3/files/f", "x"), 507, "too-many-pending", "--max-pending-per-token")
        expect(
            try api.send(as: "a", "PATCH", "/runs/a3/metadata/flags", type: "application/json", "{}"), 507,
            "too-many-pending", "--max-pending-per-token")
        #expect(try send(as: "b", "/runs/b1/metadata/metrics").status == 202)
        #expect(try send(as: "b", "/runs/a1/metadata/metrics").status == 202, "it is there")
        #expect(try api.send(as: "a", "PUT", "/runs/a1").status == 201)
        #expect(try send(as: "a", "/runs/a3/metadata/metrics").status == 202)
    }

    @Test func replySaysHowLongWhatWaitsIsKept() throws {
        let api = try fixture { $0.pendingAge = 86_400 }
        for (target, body) in [
            ("/runs/a/metadata/metrics", #"{"loss": 1}"#), ("/runs/a/metadata", #"{"flags": {"b": 1}}"#),
        ] {
            let reply = try api.send("POST", target, type: "application/json", body)
            #expect(reply.status == 202)
            #expect(try reply.json["detail"]?.string?.contains("for 86400 s") == true, "\(reply.text)")
        }
        let file = try api.send("PUT", "/runs/a/files/f", "x")
        #expect(try file.json["detail"]?.string?.contains("for 86400 s") == true, "\(file.text)")
        let purged = try api.send("POST", "/runs/purge?pending=true&unchanged_for=3600&dry_run=false")
        #expect(try purged.json["count"]?.number?.int == 0)
    }
}
