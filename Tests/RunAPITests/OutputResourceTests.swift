import HTTPServer
import JSON
import Limits
import TestSupport
import Testing

@testable import RunAPI

/// `POST /runs/{id}/metadata/output` and `GET /runs/{id}/output`.
@Suite struct OutputResourceTests {
    private let api: APIFixture
    private let target = "/runs/a/metadata/output"

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    private var stored: [UInt8]? { api.folder.read("runs/a/tfruns.d/properties/output") }

    @Test(
        arguments: [
            nil, "text/plain", "text/plain; charset=iso-8859-1", "Text/Plain", "application/octet-stream",
            "application/x-www-form-urlencoded",
        ])
    func bytesAreAppendedAsTheyCome(type: String?) throws {
        let parts: [[UInt8]] = [
            Array("{\"not\": JSON, a=b&c=%zz\r".utf8), [0xEF, 0xBB, 0xBF, 0xFF, 0x00, 0xC3], [0xA9, 0x0A],
            Array(" \n".utf8),
        ]
        for part in parts {
            let reply = try api.client().send("POST", target, type: type, body: part)
            #expect(reply.status == 201, "\(reply.text)")
            #expect(reply.body.isEmpty)
        }
        #expect(stored == parts.flatMap(\.self))
        let whole = try api.send("GET", target)
        #expect(whole.status == 200 && whole.body == stored)
        #expect(whole.headers["content-type"] == "text/plain; charset=utf-8")
        #expect(whole.headers["x-content-type-options"] == "nosniff")
    }

    @Test func packedTextIsUnpacked() throws {
        let packed = try GzipEncoder.encode(Array(String(repeating: "a\n", count: 100_000).utf8))
        let reply = try api.client().send("POST", target, headers: [("Content-Encoding", "gzip")], body: packed)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(stored == Array(String(repeating: "a\n", count: 100_000).utf8))
    }

    @Test func outputThatIsLargerThanWhatIsReadAtOnceIsAppendedWhole() throws {
        let line = String(repeating: "x", count: 99) + "\n"
        try api.send("POST", target, "begin\n")
        try api.send("POST", target, String(repeating: line, count: 10_000))
        #expect(stored == Array(("begin\n" + String(repeating: line, count: 10_000)).utf8))
    }

    @Test(
        arguments: [
            BadRequest("POST", "/runs/a/metadata/output", type: "text/plain", "", 411, "length-required"),
            BadRequest(
                "POST", "/runs/a/metadata/output", headers: ["Content-Length": "0"], 400, "empty-body", "send the"),
            BadRequest(
                "POST", "/runs/a/metadata/output", type: "application/json", "{}", 415, "unsupported-media-type"),
            BadRequest(
                "POST", "/runs/a/metadata/output", type: "multipart/form-data; boundary=B", "--B--", 415,
                "unsupported-media-type"),
            BadRequest(
                "POST", "/runs/a/metadata/output", String(repeating: "x", count: (1 << 20) + 1), 413,
                "content-too-large", "--max-body"),
            BadRequest("POST", "/runs/a/metadata/output?after=1", "a", 400, "invalid-query"),
            BadRequest("PATCH", "/runs/a/metadata/output", "{}", 405, "method-not-allowed"),
            BadRequest("POST", "/runs/a/output", "a", 405, "method-not-allowed"),
            BadRequest("GET", "/runs/a/output?after=-1", 400, "invalid-query", "0 or more"),
            BadRequest("GET", "/runs/a/output?after=", 400, "invalid-query"),
            BadRequest("GET", "/runs/a/output?after=1.5", 400, "invalid-query"),
            BadRequest("GET", "/runs/a/output?after=x", 400, "invalid-query"),
            BadRequest("GET", "/runs/a/output?after=1&after=2", 400, "invalid-query", "twice"),
            BadRequest("GET", "/runs/a/output?from=1", 400, "invalid-query", "the parameters are: after"),
            BadRequest("GET", "/runs/none/output", 404, "unknown-run"),
            BadRequest("GET", "/runs/none/metadata/output", 404, "unknown-run"),
            BadRequest("GET", "/runs/a/metadata/output", 404, "no-metadata"),
        ])
    func badRequestsAreRefusedAndNothingIsStored(request: BadRequest) throws {
        try request.check(api)
        #expect(stored == nil)
    }

    @Test func readsGoOnWhereTheLastOneEnded() throws {
        let none = try api.send("GET", "/runs/a/output")
        #expect(none.status == 200 && none.body.isEmpty && none.headers["output-length"] == "0")
        try api.send("POST", target, "epoch 1\n")
        let first = try api.send("GET", "/runs/a/output")
        #expect(first.status == 200 && first.text == "epoch 1\n")
        #expect(first.headers["content-type"] == "text/plain; charset=utf-8")
        let length = try #require(first.headers["output-length"])
        #expect(length == "8")
        try api.send("POST", target, "epoch 2\n")
        let second = try api.send("GET", "/runs/a/output?after=\(length)")
        #expect(second.text == "epoch 2\n" && second.headers["output-length"] == "16")
        for beyond in ["16", "17", "99999999999999999999999"] {
            let reply = try api.send("GET", "/runs/active/output?after=\(beyond)")
            #expect(reply.status == 200 && reply.body.isEmpty && reply.headers["output-length"] == "16")
        }
        let head = try api.client().send("HEAD", "/runs/a/output?after=15")
        #expect(head.status == 200 && head.headers["content-length"] == "1")
        let tag = try #require(second.headers["etag"])
        #expect(try api.send("GET", "/runs/a/output?after=8", headers: [("If-None-Match", tag)]).status == 304)
        try api.send("POST", target, "end")
        let third = try api.send("GET", "/runs/a/output?after=16", headers: [("If-None-Match", tag)])
        #expect(third.status == 200 && third.text == "end")
    }

    @Test func longOutputComesPackedWhereThatIsAccepted() throws {
        let text = "begin\n" + String(repeating: "epoch\n", count: 1000)
        try api.send("POST", target, text)
        let reply = try api.send("GET", "/runs/a/output?after=6", headers: [("Accept-Encoding", "gzip")])
        #expect(reply.headers["content-encoding"] == "gzip")
        #expect(reply.headers["output-length"] == "6006")
        let unpacked = try GzipDecoder.decode(reply.body, budget: Budget([.init(.bytes, most: 1 << 20)]))
        #expect(unpacked == Array(text.utf8.dropFirst(6)))
    }

    @Test func outputWaitsForItsRun() throws {
        #expect(try api.send("POST", "/runs/b/metadata/output", "a\n").status == 202)
        #expect(try api.send("POST", "/runs/b/metadata/output", "b\n").status == 202)
        #expect(try api.send("GET", "/runs/b/output").text == "a\nb\n")
        try api.send("PUT", "/runs/b")
        #expect(try api.send("GET", "/runs/b/output").text == "a\nb\n")
    }

    @Test func shortOutputIsAPropertyAndLongOutputIsReadByItself() throws {
        try api.send("POST", target, "short\n")
        #expect(try api.send("GET", "/runs/a").json["output"] == "short")
        #expect(try api.send("GET", "/runs/a/metadata/properties").json["output"] == "short")
        try api.send("POST", target, String(repeating: "line\n", count: 1000))
        let properties = try api.send("GET", "/runs/a/metadata/properties")
        #expect(try properties.json.object?["output"] == nil && properties.json["completed"] == "FALSE")
        #expect(try api.send("GET", "/runs/a").json.object?["output"] == nil)
        let listed = try api.send("GET", "/runs").json["runs"]?.array?.first
        #expect(listed?["run"] == "a" && listed?.object?["output"] == nil)
        let merged = try api.send("PATCH", "/runs/a/metadata/properties", "{\"note\":\"x\"}")
        #expect(try merged.json.object?["output"] == nil && merged.json["note"] == "x")
        #expect(try api.send("GET", "/runs/a/output").body.count == 5006)
        let types = try api.send("GET", "/runs/a/metadata").json["metadata"]?.array
        #expect(types?.contains { $0["type"] == "output" } == true)
    }

    @Test func outputWrittenAsAPropertyIsReplacedAndGoesOnFromThere() throws {
        try api.send("POST", target, String(repeating: "line\n", count: 1000))
        #expect(try api.send("POST", "/runs/a/metadata/properties", "{\"output\":\"all of it\"}").status == 201)
        try api.send("POST", target, "more\n")
        #expect(try api.send("GET", "/runs/a/output").text == "all of it\nmore\n")
    }
}
