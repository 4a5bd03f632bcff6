import Foundation
import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// `PUT` of a file with `Content-Range`.
@Suite struct PartialUploadTests {
    private let api: APIFixture
    private static let target = "/runs/a/files/models/net.pt"

    init() throws {
        api = try .make(maxUpload: 3 << 20)
        try api.send("PUT", "/runs/a")
    }

    @discardableResult
    private func put(
        _ range: String, _ body: String = "", target: String = target, headers: [(String, String)] = []
    ) throws -> HTTPClient.Reply {
        try api.send("PUT", target, headers: headers + [("Content-Range", range)], body)
    }

    /// What is said to be there: the header, and the body.
    private static func progress(_ reply: HTTPClient.Reply) throws -> String {
        let json = try reply.json
        return
            "\(reply.status) \(reply.headers["range"] ?? "none") \(json["received"]?.number?.text ?? "-")/\(json["total"]?.number?.text ?? "-")"
    }

    private var uploads: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "\(api.folder.path)/runs/.rundir/uploads")) ?? []
    }

    @Test func fileComesInParts() throws {
        #expect(try Self.progress(put("bytes */10")) == "202 none 0/10")
        let first = try put("bytes 0-3/10", "0123")
        #expect(try Self.progress(first) == "202 bytes=0-3 4/10")
        #expect(try first.json["status"] == "incomplete")
        #expect(try first.json["detail"]?.string?.contains("Content-Range: bytes 4-9/10") == true)
        #expect(try Self.progress(put("bytes */10")) == "202 bytes=0-3 4/10")
        #expect(try api.send("GET", Self.target).slug == "unknown-file")
        #expect(try api.send("GET", "/runs/a/files").text.contains("models") == false)
        #expect(try Self.progress(put("bytes 4-8/10", "45678")) == "202 bytes=0-8 9/10")
        let last = try put("bytes 9-9/10", "9")
        #expect(last.status == 201, "\(last.text)")
        #expect(last.headers["location"] == Self.target)
        let read = try api.send("GET", Self.target)
        #expect(read.text == "0123456789")
        #expect(read.headers["etag"] == last.headers["etag"])
        #expect(uploads.isEmpty)
        // The next upload is another one, in the place of the file.
        #expect(try Self.progress(put("bytes */10")) == "202 none 0/10")
        #expect(try put("bytes 0-1/2", "ab").status == 204)
        #expect(try api.send("GET", Self.target).text == "ab")
    }

    @Test func partsOfAPendingRunAndOfASessionAreKept() throws {
        #expect(try put("bytes 0-1/4", "01", target: "/runs/p/files/x").status == 202)
        let complete = try put("bytes 2-3/4", "23", target: "/runs/p/files/x")
        #expect(complete.status == 202)
        #expect(try complete.json["status"] == "pending")
        try api.send("PUT", "/runs/p")
        #expect(api.folder.text("runs/p/x") == "0123")
        let session = ("Run-Session", "s")
        #expect(try put("bytes 0-1/4", "01", target: "/runs/active/files/x", headers: [session]).status == 202)
        try api.send("PUT", "/runs/q", headers: [session])
        #expect(
            try put("bytes 2-3/4", "23", target: "/runs/active/files/x", headers: [session]).slug == "upload-offset")
        #expect(try put("bytes 0-1/4", "ab", target: "/runs/active/files/x", headers: [session]).status == 202)
        #expect(try put("bytes 2-3/4", "cd", target: "/runs/q/files/x").status == 201, "the run that is active")
        #expect(api.folder.text("runs/q/x") == "abcd")
    }

    @Test func partThatIsSentAgainDoesNoHarm() throws {
        try #expect(put("bytes 0-4/10", "01234").status == 202)
        #expect(try Self.progress(put("bytes 0-4/10", "01234")) == "202 bytes=0-4 5/10")
        #expect(try Self.progress(put("bytes 3-6/10", "3456")) == "202 bytes=0-6 7/10")
        #expect(try put("bytes 5-9/10", "56789").status == 201)
        #expect(try api.send("GET", Self.target).text == "0123456789")
    }

    @Test func partThatDoesNotJoinOnIsRefusedWithWhatIsThere() throws {
        let nothing = try put("bytes 4-5/10", "45")
        #expect(nothing.status == 409 && nothing.slug == "upload-offset" && nothing.headers["range"] == nil)
        try put("bytes 0-3/10", "0123")
        for (range, body) in [("bytes 5-6/10", "56"), ("bytes 4-5/11", "45"), ("bytes */11", "")] {
            let reply = try put(range, body)
            #expect(reply.status == 409 && reply.slug == "upload-offset", "\(range) \(reply.text)")
            #expect(reply.headers["range"] == "bytes=0-3")
            #expect(reply.detail.contains("4 of 10 bytes"))
        }
        #expect(try Self.progress(put("bytes */10")) == "202 bytes=0-3 4/10")
    }

    @Test(arguments: [
        "bytes", "bytes 0-3", "bytes 0-3/*", "bytes 3-2/10", "bytes 0-10/10", "bytes -3/10", "bytes 0-/10", "bytes */*",
        "items 0-3/10", "0-3/10", "bytes 0-3/10/10", "bytes a-b/10", "bytes +0-3/10", "", "bytes */0",
        "bytes 0-3/9999999999999999999",
    ])
    func rangeThatCannotBeReadIsRefused(range: String) throws {
        let reply = try put(range, "0123")
        #expect(reply.status == 400 && reply.slug == "invalid-content-range", "\(reply.text)")
        #expect(uploads.isEmpty)
    }

    @Test func bodyThatIsNotOfThePartIsRefusedAndNotKept() throws {
        try put("bytes 0-1/10", "01")
        #expect(try put("bytes 2-4/10", "23").slug == "invalid-content-range")
        #expect(try put("bytes 2-4/10", "2345").slug == "invalid-content-range")
        #expect(try put("bytes */10", "2345").slug == "invalid-content-range")
        for body in ["23", "2345678"] {
            let client = try api.client()
            try client.write(
                head(
                    "PUT \(Self.target) HTTP/1.1", "Content-Range: bytes 2-4/10", "Transfer-Encoding: chunked"
                ) + chunked(Array(body.utf8), size: 2))
            #expect(try client.read().slug == "invalid-content-range", "\(body)")
        }
        #expect(try Self.progress(put("bytes */10")) == "202 bytes=0-1 2/10")
        let client = try api.client()
        try client.write(
            head("PUT \(Self.target) HTTP/1.1", "Content-Range: bytes 2-9/10", "Transfer-Encoding: chunked")
                + chunked(Array("23456789".utf8), size: 3))
        #expect(try client.read().status == 201)
    }

    @Test func otherHeadsAreRefused() throws {
        #expect(try api.send("PUT", Self.target, headers: [("Content-Range", "bytes 0-3/10")]).status == 411)
        let form = try api.send(
            "PUT", Self.target, type: "multipart/form-data; boundary=BB", headers: [("Content-Range", "bytes 0-3/10")],
            "abcd")
        #expect(form.status == 415)
        #expect(try put("bytes 0-3/10", "0123", headers: [("Content-Encoding", "gzip")]).status == 415)
        #expect(try put("bytes 0-3/\((3 << 20) + 1)", "0123").status == 413)
        #expect(try put("bytes 0-3/10", "0123", target: "/runs/a/files/tfruns.d/x").slug == "path-forbidden")
        #expect(uploads.isEmpty)
    }

    /// What came of a part that is cut off is kept.
    @Test func partThatIsCutOffIsGoneOnWith() throws {
        let content = String(repeating: "0123456789abcdef", count: 1 << 16)
        let client = try api.client()
        let request = HTTPClient.request(
            "PUT", Self.target, headers: [("Content-Range", "bytes 0-\(content.utf8.count - 1)/\(content.utf8.count)")],
            body: Array(content.utf8))
        try client.write(Array(request.dropLast(300_000)))
        var received = 0
        #expect(
            try eventually {
                received = try put("bytes */\(content.utf8.count)").json["received"]?.number?.int ?? 0
                return received > 0
            })
        // What the server still takes of it does no harm: the next request takes over.
        client.reset()
        let rest = String(decoding: Array(content.utf8)[received...], as: UTF8.self)
        let reply = try put("bytes \(received)-\(content.utf8.count - 1)/\(content.utf8.count)", rest)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(try api.send("GET", Self.target).text == content)
    }

    @Test func conditionsAreThoseOfTheWholeFile() throws {
        try api.send("PUT", Self.target, "there")
        try put("bytes 0-1/4", "01")
        let refused = try put("bytes 2-3/4", "23", headers: [("If-None-Match", "*")])
        #expect(refused.status == 412)
        #expect(try api.send("GET", Self.target).text == "there")
        // All of it is there still.
        #expect(try put("bytes */4").status == 204)
        #expect(try api.send("GET", Self.target).text == "0123")
        #expect(uploads.isEmpty)
    }

    private static func field(_ text: String) -> String {
        "sha-256=:\(Base64.encode(Digest.of(Array(text.utf8), .sha256))):"
    }

    @Test func digestsOfThePartAndOfTheFileAreChecked() throws {
        #expect(try put("bytes 0-1/4", "01", headers: [("Content-Digest", Self.field("xx"))]).slug == "digest-mismatch")
        #expect(try Self.progress(put("bytes */4")) == "202 none 0/4")
        #expect(try put("bytes 0-1/4", "01", headers: [("Content-Digest", Self.field("01"))]).status == 202)
        let md5 = Base64.encode(Digest.of(Array("23".utf8), .md5))
        let wrong = try put("bytes 2-3/4", "23", headers: [("Repr-Digest", Self.field("0124")), ("Content-MD5", md5)])
        #expect(wrong.slug == "digest-mismatch")
        #expect(try Self.progress(put("bytes */4")) == "202 none 0/4", "nobody knows which part was wrong")
        #expect(try api.send("GET", Self.target).status == 404)
        #expect(try put("bytes 0-1/4", "01").status == 202)
        #expect(
            try put("bytes 2-3/4", "23", headers: [("Repr-Digest", Self.field("0123")), ("Content-MD5", md5)]).status
                == 201)
        #expect(try api.send("GET", Self.target).headers["repr-digest"] == Self.field("0123"))
    }
}

private func head(_ lines: String...) -> [UInt8] {
    Array((lines + ["Host: localhost", "", ""]).joined(separator: "\r\n").utf8)
}

private func chunked(_ body: [UInt8], size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: body.count, by: size) {
        let part = body[start..<min(start + size, body.count)]
        bytes += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
    }
    return bytes + Array("0\r\n\r\n".utf8)
}
