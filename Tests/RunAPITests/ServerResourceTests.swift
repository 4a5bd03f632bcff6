import Foundation
import JSON
import RunStore
import TestSupport
import Testing

@testable import DirectoryStore
@testable import RunAPI

/// `/types`, `/health`, `/ready`, `/openapi.yaml`.
@Suite struct ServerResourceTests {
    private let api: APIFixture

    init() throws { api = try .make(maxBody: 1234, maxUpload: 56_789) }

    @Test(arguments: [("/health", "ok"), ("/ready", "ready")])
    func serverSaysHowItDoes(target: String, status: String) throws {
        let reply = try api.send("GET", target)
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/json")
        #expect(try reply.json == ["status": .string(status)])
        let head = try api.client().send("HEAD", target)
        #expect(head.status == 200 && head.headers["content-length"] == "\(reply.body.count)")
    }

    @Test func typesAreListedWithWhatTheyTake() throws {
        let reply = try api.send("GET", "/types")
        #expect(reply.status == 200)
        let types = try #require(reply.json["types"]?.array)
        #expect(
            types.compactMap { $0["type"]?.string }
                == ["flags", "properties", "metrics", "evaluation", "error", "source", "output", "customnotes"])
        #expect(
            types[0]["accepts"] == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
        #expect(types[0]["methods"] == ["GET", "POST", "PATCH", "DELETE"])
        #expect(types[0]["limit"] == 1234)
        #expect(types[2]["methods"] == ["GET", "POST", "DELETE"])
        #expect(types[5]["limit"] == 56_789)
        #expect(types[5]["accepts"]?.array?.first == "application/gzip")
        #expect(types.allSatisfy { $0["description"]?.string?.isEmpty == false })
    }

    @Test func openAPIDocumentIsServedAsItStandsAtTheTopLevel() throws {
        let reply = try api.send("GET", "/openapi.yaml")
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/yaml")
        #expect(reply.text == (try OpenAPIDocument.text()))
    }

    @Test func numbersAreToldToPrometheusByRouteNotByPath() throws {
        try api.send("PUT", "/runs/secret")
        try api.send("POST", "/runs/secret/metadata/metrics", "{\"loss\":1}")
        try api.send("GET", "/runs/none")
        try api.send("GET", "/nowhere")
        try api.send("POST", "/runs/later/metadata/metrics", "{\"loss\":1}")
        let reply = try api.send("GET", "/metrics")
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = reply.text.split(separator: "\n").map(String.init)
        let route = "method=\"POST\",route=\"/runs/{id}/metadata/{type}\""
        for line in [
            "rundir_http_requests_total{\(route),status=\"201\"} 1",
            "rundir_http_requests_total{\(route),status=\"202\"} 1",
            "rundir_http_requests_total{method=\"GET\",route=\"/runs/{id}\",status=\"404\"} 1",
            "rundir_http_requests_total{method=\"\",route=\"\",status=\"404\"} 1",
            "rundir_http_request_duration_seconds_count{\(route)} 2", "rundir_http_request_body_bytes_total 20",
            "rundir_journal_batch_writes_sum 3", "rundir_runs{status=\"running\"} 1",
            "rundir_runs{status=\"pending\"} 1",
            "rundir_runs{status=\"archived\"} 0", "rundir_event_readers 0", "rundir_ready 1",
        ] {
            #expect(lines.contains(line), "\(line) of \(lines)")
        }
        for name in ["rundir_disk_free_bytes", "rundir_disk_size_bytes"] {
            let line = try #require(lines.first { $0.hasPrefix(name + " ") }, "\(name)")
            #expect(try #require(Double(line.dropFirst(name.count + 1))) > 1_000_000)
        }
        #expect(!reply.text.contains("secret") && !reply.text.contains("nowhere"))
        // Each line is a comment or a name, perhaps labels, and a number; each family is declared once.
        for line in lines where !line.hasPrefix("# ") {
            #expect(line.wholeMatch(of: /[a-z_]+(\{([a-z]+="[^"]*",?)+\})? (\+Inf|NaN|-?[0-9.e+-]+)/) != nil, "\(line)")
        }
        let families = lines.filter { $0.hasPrefix("# TYPE") }
        #expect(Set(families).count == families.count)
    }
}
