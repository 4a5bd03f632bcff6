import JSON
import TestSupport
import Testing

/// `/runs/{id}/files` and what is below it.
@Suite struct FilesResourceTests {
    private let api: APIFixture
    private let text = "0123456789"

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
        try api.send("PUT", "/runs/a/files/models/net.txt", text)
    }

    private func get(_ headers: (String, String)..., path: String = "models/net.txt") throws -> HTTPClient.Reply {
        try api.send("GET", "/runs/a/files/\(path)", headers: headers)
    }

    @Test func anArtifactIsWrittenReadReplacedAndRemoved() throws {
        let target = "/runs/a/files/plots/loss%20%C3%A9.png"
        let created = try api.send("PUT", target, "one")
        #expect(created.status == 201, "\(created.text)")
        #expect(created.headers["location"] == target)
        #expect(api.folder.text("runs/a/plots/loss é.png") == "one")
        let read = try api.send("GET", target)
        #expect(read.text == "one")
        #expect(read.headers["etag"] == created.headers["etag"])
        #expect(read.headers["content-type"] == "image/png")
        #expect(read.headers["last-modified"]?.hasSuffix(" GMT") == true)
        #expect(read.headers["content-disposition"] == nil)
        let replaced = try api.send("PUT", target, "two")
        #expect(replaced.status == 204)
        #expect(replaced.headers["etag"] != created.headers["etag"])
        #expect(try api.send("DELETE", target).status == 204)
        #expect(try api.send("GET", target).slug == "unknown-file")
        #expect(try api.send("DELETE", target).slug == "unknown-file")
    }

    @Test func anEmptyFileIsOne() throws {
        #expect(try api.send("PUT", "/runs/a/files/empty", headers: [("Content-Length", "0")]).status == 201)
        #expect(try get(path: "empty").body.isEmpty)
        #expect(try get(("Range", "bytes=0-"), path: "empty").status == 416)
    }

    @Test func aFileOfAPendingRunIsPublishedWithIt() throws {
        #expect(try api.send("PUT", "/runs/p/files/log.txt", "early").status == 202)
        #expect(try api.send("PUT", "/runs/active/files/log.txt", headers: [("Run-Session", "s")], "x").status == 202)
        try api.send("PUT", "/runs/p")
        #expect(try api.send("GET", "/runs/p/files/log.txt").text == "early")
    }

    @Test(arguments: [
        ("bytes=0-3", "0123", "0-3"), ("bytes=4-", "456789", "4-9"), ("bytes=-3", "789", "7-9"),
        ("bytes=8-100", "89", "8-9"), ("bytes=-100", "0123456789", "0-9"), ("BYTES=9-9", "9", "9-9"),
    ])
    func aRangeIsSent(range: String, expected: String, place: String) throws {
        let reply = try get(("Range", range))
        #expect(reply.status == 206)
        #expect(reply.text == expected)
        #expect(reply.headers["content-range"] == "bytes \(place)/10")
    }

    /// More than one range, and what is none, may be answered with the whole (RFC 9110 section 14.2).
    @Test(arguments: ["bytes=0-1,3-4", "lines=0-1", "bytes=3-1", "bytes=a-b", "bytes=-", "bytes="])
    func anotherRangeIsPassedOver(_ range: String) throws {
        let reply = try get(("Range", range))
        #expect(reply.status == 200)
        #expect(reply.text == text)
    }

    @Test(arguments: ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"])
    func aRangeThatCannotBeMetIsRefused(_ range: String) throws {
        let reply = try get(("Range", range))
        #expect(reply.status == 416)
        #expect(reply.slug == "range-not-satisfiable")
        #expect(reply.headers["content-range"] == "bytes */10")
    }

    @Test func conditionsOfReadingAreMet() throws {
        let first = try get()
        let tag = try #require(first.headers["etag"])
        let date = try #require(first.headers["last-modified"])
        let old = "Sun, 06 Nov 1994 08:49:37 GMT"
        for (header, value, status) in [
            ("If-None-Match", tag, 304), ("If-None-Match", "W/\(tag)", 304), ("If-None-Match", "\"x\", \(tag)", 304),
            ("If-None-Match", "*", 304), ("If-None-Match", "\"x\"", 200), ("If-Modified-Since", date, 304),
            ("If-Modified-Since", old, 200), ("If-Modified-Since", "yesterday", 200), ("If-Match", tag, 200),
            ("If-Match", "*", 200), ("If-Match", "W/\(tag)", 412), ("If-Match", "\"x\"", 412),
            ("If-Unmodified-Since", date, 200), ("If-Unmodified-Since", old, 412),
        ] {
            // One connection for both: what follows a 304 is a reply of its own.
            let client = try api.client()
            let reply = try client.send("GET", "/runs/a/files/models/net.txt", headers: [(header, value)], text: "")
            #expect(reply.status == status, "\(header): \(value)")
            if status != 304 { continue }
            #expect(reply.headers["etag"] == tag)
            #expect(reply.headers["content-length"] == "10")
            #expect(try client.send("GET", "/health").status == 200)
        }
        #expect(try get(("Range", "bytes=1-2"), ("If-Range", tag)).status == 206)
        #expect(try get(("Range", "bytes=1-2"), ("If-Range", date)).status == 206)
        #expect(try get(("Range", "bytes=1-2"), ("If-Range", "\"x\"")).text == text)
        #expect(try get(("Range", "bytes=1-2"), ("If-Range", old)).text == text)
        let head = try api.send("HEAD", "/runs/a/files/models/net.txt")
        #expect(head.headers["content-length"] == "10")
    }

    @Test func conditionsOfWritingAreMet() throws {
        let target = "/runs/a/files/models/net.txt"
        let tag = try #require(try get().headers["etag"])
        #expect(try api.send("PUT", target, headers: [("If-None-Match", "*")], "no").slug == "precondition-failed")
        #expect(try api.send("PUT", target, headers: [("If-Match", "\"x\"")], "no").slug == "precondition-failed")
        #expect(try api.send("PUT", "/runs/a/files/new", headers: [("If-Match", "*")], "no").status == 412)
        #expect(try api.send("DELETE", target, headers: [("If-Match", "\"x\"")]).status == 412)
        #expect(try get().text == text)
        #expect(try api.send("PUT", target, headers: [("If-Match", tag)], "two").status == 204)
        #expect(try api.send("PUT", target, headers: [("If-Match", tag)], "three").status == 412)
        #expect(try api.send("PUT", "/runs/a/files/new", headers: [("If-None-Match", "*")], "yes").status == 201)
        #expect(try get().text == "two")
    }

    /// Anyone may have uploaded it: no browser may run it as a part of this site.
    @Test(arguments: ["x.html", "x.svg", "x.xml", "x.js", "x.xhtml", "x.pdf", "x", "x.unknown", "X.HTML"])
    func whatABrowserCouldRunIsADownload(_ name: String) throws {
        try api.send("PUT", "/runs/a/files/\(name)", "<script>")
        let reply = try get(path: name)
        #expect(reply.headers["content-disposition"] == "attachment; filename*=UTF-8''\(name)")
        #expect(reply.headers["content-security-policy"] == "sandbox; frame-ancestors 'none'")
        #expect(reply.headers["x-content-type-options"] == "nosniff")
    }

    @Test func metadataIsReadAndNotWritten() throws {
        try api.send("POST", "/runs/a/metadata/metrics", type: "application/json", "{\"loss\":1}")
        #expect(try get(path: "tfruns.d/metrics.json").json["loss"]?.array?.count == 1)
        for path in ["tfruns.d/flags.json", "tfruns.d", "tfruns.d/new/x"] {
            for method in ["PUT", "DELETE"] {
                let reply = try api.send(method, "/runs/a/files/\(path)", "{}")
                #expect(reply.slug == "path-forbidden", "\(reply.text)")
                #expect(reply.detail.contains("/runs/{id}/metadata/{type}"))
            }
        }
        #expect(api.file("flags.json", of: "a") == nil)
    }

    @Test(arguments: [
        BadRequest("GET", "/runs/nope/files", 404, "unknown-run"),
        BadRequest("GET", "/runs/nope/files/x", 404, "unknown-run"),
        BadRequest("DELETE", "/runs/nope/files/x", 404, "unknown-run"),
        BadRequest("GET", "/runs/a/files/nope", 404, "unknown-file", "nope"),
        BadRequest("GET", "/runs/a/files/../../b", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a/files/x/%2e%2e/y", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a/files/x/", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a/files/a%2F..%2F..%2Fb", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a/files/x%2F", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a%2Fb/files/x", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a%255C/files/x", "x", 400, "invalid-path"),
        BadRequest("POST", "/runs/a%25/complete", "x", 400, "invalid-path"),
        BadRequest("GET", "/runs/a/files%2Fx", 400, "invalid-path"),
        BadRequest("POST", "/runs/a/files/100%25", "x", 405, "method-not-allowed"),
        BadRequest("PUT", "/runs/a/files/a%00", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a/files/a%FF", "x", 400, "invalid-path"),
        BadRequest("PUT", "/runs/a/files/a%0Ab", "x", 400, "invalid-name", "control characters"),
        BadRequest("PUT", "/runs/a/files/models", "x", 409, "path-taken", "is a folder"),
        BadRequest("PUT", "/runs/a/files/models/net.txt/x", "x", 409, "path-taken", "is no folder"),
        BadRequest("PUT", "/runs/a/files/x", 411, "length-required"),
        BadRequest("PUT", "/runs/a/files/x", headers: ["Content-Encoding": "gzip"], "x", 415, "unsupported-media-type"),
        BadRequest(
            "PUT", "/runs/a/files/x", headers: ["Content-Range": "bytes 0-0/*"], "x", 400, "invalid-content-range"),
        BadRequest(
            "PUT", "/runs/a/files/x", headers: ["If-Match": "x"], "x", 400, "invalid-condition", "with its quotes"),
        BadRequest("PUT", "/runs/a/files/x", headers: ["Content-Length": "4194305"], 413, "content-too-large"),
        BadRequest("GET", "/runs/a/files?limit=0", 400, "invalid-query"),
        BadRequest("GET", "/runs/a/files?x=1", 400, "invalid-query"),
        BadRequest("POST", "/runs/a/files/x", "x", 405, "method-not-allowed", "GET, HEAD, PUT, DELETE"),
    ])
    func badRequestsGetAClearReply(_ request: BadRequest) throws {
        try request.check(api)
        #expect(!api.folder.exists("runs/a/x"))
    }

    @Test func aClientThatLeavesMidwayLeavesNothing() throws {
        do {
            let client = try api.client()
            try client.write(Array(HTTPClient.request("PUT", "/runs/a/files/half", body: Array(text.utf8)).dropLast(3)))
        }
        #expect(try api.send("GET", "/runs/a/files/half").slug == "unknown-file")
    }
}
