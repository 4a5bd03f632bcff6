import Foundation
import JSON
import Limits
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// What of a reply goes out: packed or not, or nothing, where the client has it.
@Suite struct SelectedReplyTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
        let flags = (0..<200).map { "\"flag_\($0)\":\($0)" }.joined(separator: ",")
        try api.send("POST", "/runs/a/metadata/flags", type: "application/json", "{\(flags)}")
        let rows = (1...3000).map { "{\"step\":\($0),\"loss\":\(1 / Double($0))}\n" }.joined()
        try api.send("POST", "/runs/a/metadata/metrics", type: "application/x-ndjson", rows)
        try api.send("PUT", "/runs/a/files/notes.txt", String(repeating: "a note\n", count: 1000))
        try api.send("POST", "/runs/a/metadata/error", type: "application/json", "{\"message\":\"x\"}")
    }

    private func get(_ target: String, _ headers: (String, String)..., method: String = "GET") throws
        -> HTTPClient.Reply
    { try api.send(method, target, headers: headers) }

    private static func unpacked(_ reply: HTTPClient.Reply) throws -> String {
        String(
            decoding: try GzipDecoder.decode(reply.body, budget: Budget([.init(.bytes, most: 1 << 24)])), as: UTF8.self)
    }

    /// Everything that is JSON or text, as a body in memory, a file or a stream.
    private static let texts = [
        "/runs/a", "/runs", "/runs?format=csv&columns=run,flag_flag_1,status,script,start,end,type,context", "/types",
        "/openapi.yaml", "/openapi.json", "/problems", "/metrics", "/runs/a/metadata/flags", "/runs/a/metadata/metrics",
        "/runs/a/metrics", "/runs/a/metrics?columns=loss", "/runs/a/metrics?format=csv",
        "/runs/a/metrics?format=ndjson",
        "/runs/a/metrics?points=300", "/runs/a/metrics?after=10&format=rows",
    ]

    @Test(arguments: texts)
    func textIsPackedWhereTheClientAcceptsIt(target: String) throws {
        let plain = try get(target)
        #expect(plain.status == 200, "\(plain.text)")
        #expect(plain.headers["content-encoding"] == nil)
        #expect(plain.headers["vary"]?.contains("Accept-Encoding") == true)
        let packed = try get(target, ("Accept-Encoding", "gzip, deflate, br"))
        #expect(packed.headers["content-type"] == plain.headers["content-type"])
        #expect(packed.headers["vary"] == plain.headers["vary"])
        if target == "/metrics" { return #expect(try Self.unpacked(packed).contains("rundir_ready 1")) }
        guard plain.body.count >= SelectedReply.smallestPacked else {
            #expect(packed.body == plain.body && packed.headers["content-encoding"] == nil)
            return
        }
        #expect(packed.headers["content-encoding"] == "gzip")
        #expect(try Self.unpacked(packed) == plain.text)
        #expect(packed.body.count < plain.body.count)
    }

    @Test(arguments: texts.filter { $0 != "/metrics" })
    func tagIsTheClientsOrTheBodyIsSent(target: String) throws {
        for coding in ["identity", "gzip"] {
            let accept = ("Accept-Encoding", coding)
            let reply = try get(target, accept)
            let tag = try #require(reply.headers["etag"])
            #expect(EntityTags(tag) != nil)
            #expect(reply.headers["cache-control"] == "no-cache")
            #expect(try get(target, accept).headers["etag"] == tag)
            let opaque = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
            for known in [tag, "*", "\"x\", \(tag)", "W/\(opaque)"] {
                // One connection for both: what follows a 304 is a reply of its own.
                let client = try api.client()
                let same = try client.send("GET", target, headers: [accept, ("If-None-Match", known)])
                #expect(same.status == 304, "\(known)")
                #expect(
                    same.body.isEmpty && same.headers["etag"] == tag && same.headers["vary"] == reply.headers["vary"])
                // The length is that of the body that there would be; where that is not known, the connection ends.
                #expect(same.headers["content-length"] == reply.headers["content-length"])
                if same.headers["connection"] != "close" { #expect(try client.send("GET", "/health").status == 200) }
                #expect(try get(target, accept, ("If-None-Match", known), method: "HEAD").status == 304)
            }
            for other in ["\"x\"", "\"\"", "x", String(opaque.dropLast()) + "y\""] {
                #expect(try get(target, accept, ("If-None-Match", other)).body == reply.body, "\(other)")
            }
            #expect(try get(target, accept, ("If-Match", "\"x\"")).slug == "precondition-failed")
            #expect(try get(target, accept, ("If-Match", "*")).status == 200)
        }
    }

    /// The two forms are other bytes: neither tag is taken for the other form's.
    @Test func tagOfOneFormIsNotTheOthers() throws {
        let plain = try #require(try get("/runs/a/metadata/flags").headers["etag"])
        let packed = try #require(try get("/runs/a/metadata/flags", ("Accept-Encoding", "gzip")).headers["etag"])
        #expect(plain != packed)
        #expect(try get("/runs/a/metadata/flags", ("If-None-Match", packed)).status == 200)
        let reply = try get("/runs/a/metadata/flags", ("Accept-Encoding", "gzip"), ("If-None-Match", plain))
        #expect(reply.status == 200)
        #expect(
            try get("/runs/a/metadata/flags", ("If-None-Match", "\"x\""), ("If-None-Match", plain)).status == 304,
            "on two lines")
    }

    @Test func tagChangesWithWhatIsThere() throws {
        for target in ["/runs/a", "/runs", "/runs/a/metrics", "/runs/a/metrics?format=csv", "/runs/a/metadata/metrics"]
        {
            let before = try #require(try get(target).headers["etag"])
            try api.send(
                "POST", "/runs/a/metadata/metrics", type: "application/json", "{\"step\":\(5000 + target.utf8.count)}")
            try api.send(
                "POST", "/runs/a/metadata/properties", type: "application/json", "{\"n\":\"\(target)\"}")
            let after = try get(target, ("If-None-Match", before))
            #expect(after.status == 200, "\(target)")
            #expect(after.headers["etag"] != before, "\(target)")
        }
        #expect(
            try get("/runs/a/metrics?format=csv").headers["etag"]
                != (try get("/runs/a/metrics?format=ndjson").headers["etag"]))
    }

    @Test(arguments: [
        ("gzip", true), ("x-gzip", true), ("GZIP", true), ("gzip;q=0.1", true), ("*", true), ("*;q=0.5", true),
        ("br, gzip ; q=0.5", true), ("gzip;q=0.5, identity;q=0.2", true), ("identity;q=0, *", true),
        ("gzip;q=1.0,\tbr", true),
        ("", false), ("identity", false), ("gzip;q=0", false), ("gzip;q=0.000", false), ("*;q=0", false),
        ("br", false), ("deflate, br", false), ("gzip;q=0, *", false), ("gzip;q=0.2, identity;q=0.5", false),
        ("gzip;q=x", false), ("gzip;q=2", false), ("gzip;q=nan", false), ("gzipped", false),
    ])
    func codingIsWhatTheClientWouldHave(accept: String, isPacked: Bool) throws {
        let reply = try get("/runs/a/metadata/flags", ("Accept-Encoding", accept))
        #expect((reply.headers["content-encoding"] == "gzip") == isPacked)
        #expect(reply.status == 200)
    }

    @Test func smallRepliesComeAsTheyAreUnlessTheClientTakesNothingElse() throws {
        #expect(try get("/health", ("Accept-Encoding", "gzip")).headers["content-encoding"] == nil)
        let only = try get("/health", ("Accept-Encoding", "gzip, identity;q=0"))
        #expect(only.headers["content-encoding"] == "gzip")
        #expect(try Self.unpacked(only) == (try get("/health").text))
        #expect(try get("/health", ("Accept-Encoding", "gzip, *;q=0")).headers["content-encoding"] == "gzip")
    }

    /// What is packed already, what is sent by its bytes, and what comes bit by bit.
    @Test(arguments: ["/runs/a/bundle.tar.gz", "/runs/a/files/notes.txt"])
    func otherMediaComeAsTheyAre(target: String) throws {
        let reply = try get(target, ("Accept-Encoding", "gzip"))
        #expect(reply.status == 200)
        #expect(reply.headers["content-encoding"] == nil)
        #expect(reply.headers["vary"] == nil)
    }

    @Test func eventsAreNotPacked() throws {
        let client = try api.client()
        try client.write(HTTPClient.request("GET", "/events", headers: [("Accept-Encoding", "gzip")]))
        let head = try client.read(hasBody: false)
        #expect(head.status == 200 && head.headers["content-encoding"] == nil && head.headers["etag"] == nil)
    }

    /// A file that is larger than what is packed in memory goes out as it is packed.
    @Test func largeFileIsPackedAsItIsSent() throws {
        let values = (0..<600_000).map { "\(Double($0) / 7)" }.joined(separator: ",")
        api.folder.write("runs/a/tfruns.d/flags.json", "{\"x\":[\(values)]}")
        let plain = try get("/runs/a/metadata/flags")
        #expect(plain.body.count > 5 << 20)
        let packed = try get("/runs/a/metadata/flags", ("Accept-Encoding", "gzip"))
        #expect(packed.headers["transfer-encoding"] == "chunked")
        #expect(try Self.unpacked(packed) == plain.text)
        let tag = try #require(packed.headers["etag"])
        #expect(try get("/runs/a/metadata/flags", ("Accept-Encoding", "gzip"), ("If-None-Match", tag)).status == 304)
    }

    @Test(
        arguments: texts.filter { $0 != "/metrics" } + [
            "/health", "/ready", "/version", "/problems/busy", "/compare?runs=a,b",
        ])
    func headIsThatOfGet(target: String) throws {
        try api.send("PUT", "/runs/b")
        for coding in ["identity", "gzip"] {
            let replies = try ["GET", "HEAD"].map { try get(target, ("Accept-Encoding", coding), method: $0) }
            #expect(replies[1].body.isEmpty)
            #expect(replies[0].headers["request-id"] != replies[1].headers["request-id"])
            // How a body is framed that there is none of need not be said (RFC 9110 section 9.3.2).
            let own = ["date", "request-id", "transfer-encoding", "connection"]
            let heads = replies.map { $0.headers.filter { !own.contains($0.key) } }
            #expect(heads[0] == heads[1])
            #expect(replies[0].status == replies[1].status)
        }
    }

    @Test func writesAreAnsweredAsBefore() throws {
        let reply = try api.send(
            "PATCH", "/runs/a/metadata/flags", type: "application/json", headers: [("Accept-Encoding", "gzip")],
            "{\"x\":1}")
        #expect(reply.status == 200)
        #expect(reply.headers["content-encoding"] == nil && reply.headers["etag"] == nil)
    }
}
