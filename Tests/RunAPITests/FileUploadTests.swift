import Foundation
import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// What a file is sent in, and the digests that go with it.
@Suite struct FileUploadTests {
    private let api: APIFixture
    private static let target = "/runs/a/files/models/net.pt"

    init() throws {
        api = try .make(maxUpload: 3 << 20)
        try api.send("PUT", "/runs/a")
    }

    private static func form(_ parts: [(name: String, file: String?, content: String)]) -> String {
        parts.map { part in
            let file = part.file.map { "; filename=\"\($0)\"\r\nContent-Type: application/octet-stream" } ?? ""
            return "--BB\r\nContent-Disposition: form-data; name=\"\(part.name)\"\(file)\r\n\r\n\(part.content)\r\n"
        }.joined() + "--BB--\r\n"
    }

    private func put(_ parts: [(name: String, file: String?, content: String)]) throws -> HTTPClient.Reply {
        try api.send("PUT", Self.target, type: "multipart/form-data; boundary=BB", Self.form(parts))
    }

    // MARK: Forms

    @Test(arguments: ["weights", "", "--BB", "a\r\n--B\r\nb", String(repeating: "0123456789\n", count: 200_000)])
    func theOneFileOfAFormIsStored(content: String) throws {
        let reply = try put([("file", "net.pt", content)])
        #expect(reply.status == 201, "\(reply.text)")
        #expect(reply.headers["location"] == Self.target)
        #expect(try api.send("GET", Self.target).text == content)
        #expect(try put([("upload", "/tmp/x", "second")]).status == 204)
        #expect(api.folder.text("runs/a/models/net.pt") == "second")
    }

    @Test func theFileOfAPendingRunsFormIsKept() throws {
        let form = Self.form([("file", "x", "early")])
        #expect(try api.send("PUT", "/runs/p/files/x", type: "multipart/form-data; boundary=BB", form).status == 202)
        try api.send("PUT", "/runs/p")
        #expect(api.folder.text("runs/p/x") == "early")
    }

    @Test func otherFormsAreRefusedWithTheCure() throws {
        for (parts, reason) in [
            ([("a", "x", "1"), ("b", "y", "2")], "more than one file"), ([("file", nil, "1")], "is not a file"),
            ([("file", "x", "1"), ("note", nil, "2")], "\"note\", which is not a file"),
            ([("note", nil, "2"), ("file", "x", "1")], "\"note\", which is not a file"),
        ] as [([(name: String, file: String?, content: String)], String)] {
            let reply = try put(parts)
            #expect(reply.status == 422 && reply.slug == "invalid-content", "\(reply.text)")
            #expect(reply.detail.contains(reason) && reply.detail.contains("curl -T"), "\(reply.detail)")
        }
        #expect(try api.send("GET", Self.target).status == 404)
    }

    @Test(arguments: [
        "", "--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nabc", "nothing",
    ])
    func formThatIsCutShortIsRefused(body: String) throws {
        let reply = try api.send(
            "PUT", Self.target, type: "multipart/form-data; boundary=BB",
            headers: body.isEmpty ? [("Content-Length", "0")] : [], body)
        #expect(reply.status == 400 && reply.slug == "invalid-form", "\(reply.text)")
        #expect(try api.send("PUT", Self.target, type: "multipart/form-data", "x").slug == "invalid-form")
        #expect(try api.send("GET", Self.target).status == 404)
    }

    @Test func formOverTheLimitIsRefused() throws {
        let content = String(repeating: "a", count: 3 << 20)
        let client = try api.client()
        try? client.write(
            HTTPClient.request(
                "PUT", Self.target, type: "multipart/form-data; boundary=BB",
                body: Array(Self.form([("f", "x", content)]).utf8)))
        #expect(try client.read().status == 413)
        #expect(try api.send("GET", Self.target).status == 404)
    }

    @Test func formWhoseClientGoesAwayLeavesNothing() throws {
        let client = try api.client()
        let whole = HTTPClient.request(
            "PUT", Self.target, type: "multipart/form-data; boundary=BB",
            body: Array(Self.form([("f", "x", String(repeating: "a", count: 100_000))]).utf8))
        try client.write(Array(whole.dropLast(50)))
        client.reset()
        #expect(
            eventually {
                (try? FileManager.default.contentsOfDirectory(atPath: "\(api.folder.path)/runs/.rundir/staging").isEmpty)
                    ?? false
            })
        #expect(try api.send("GET", Self.target).status == 404)
    }

    /// `curl -d @net.pt` says so, and has taken the line breaks out.
    @Test(arguments: ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; charset=utf-8"])
    func whatSaysThatItIsAFormOfTextIsRefused(type: String) throws {
        let reply = try api.send("PUT", Self.target, type: type, "weights")
        #expect(reply.status == 415 && reply.slug == "unsupported-media-type")
        #expect(reply.detail.contains("curl -T net.pt"))
        #expect(try api.send("GET", Self.target).status == 404)
        #expect(try api.send("PUT", Self.target, type: "text/plain", "weights").status == 201)
    }

    // MARK: Digests on upload

    private static func field(_ algorithm: Digest.Algorithm, _ text: String) -> String {
        "\(algorithm.rawValue)=:\(Base64.encode(Digest.of(Array(text.utf8), algorithm))):"
    }

    @Test func digestsThatMatchAreTaken() throws {
        let md5 = Base64.encode(Digest.of(Array("weights".utf8), .md5))
        for headers in [
            [("Repr-Digest", Self.field(.sha256, "weights"))], [("Content-Digest", Self.field(.sha512, "weights"))],
            [("Content-MD5", md5)], [("Repr-Digest", Self.field(.md5, "weights"))],
            [("Repr-Digest", "\(Self.field(.sha256, "weights")), \(Self.field(.sha512, "weights"))")],
            [("Repr-Digest", "crc32c=:AAAAAA==:, sha=:Zg==:, sha-1024=5, \(Self.field(.sha256, "weights"));x=1")],
            [("Repr-Digest", "unixsum=:AAA=:")],
            [("repr-digest", Self.field(.sha256, "weights")), ("Content-MD5", md5)],
            [("Repr-Digest", Self.field(.sha256, "weights")), ("Repr-Digest", Self.field(.sha512, "weights"))],
        ] {
            let reply = try api.send("PUT", Self.target, headers: headers, "weights")
            #expect(reply.status == 201, "\(headers) \(reply.text)")
            #expect(try api.send("DELETE", Self.target).status == 204)
        }
    }

    @Test func digestThatDoesNotMatchIsRefusedAndNothingStored() throws {
        try api.send("PUT", Self.target, "before")
        let md5 = Base64.encode(Digest.of(Array("other".utf8), .md5))
        for headers in [
            [("Repr-Digest", Self.field(.sha256, "other"))], [("Content-Digest", Self.field(.sha256, "other"))],
            [("Content-MD5", md5)], [("Repr-Digest", Self.field(.sha512, "other"))],
            [("Repr-Digest", "\(Self.field(.sha256, "weights")), \(Self.field(.md5, "other"))")],
            [("Repr-Digest", Self.field(.sha256, "weights")), ("Content-MD5", md5)],
            [("Repr-Digest", Self.field(.sha256, "weights")), ("Repr-Digest", Self.field(.sha512, "other"))],
        ] {
            let reply = try api.send("PUT", Self.target, headers: headers, "weights")
            #expect(reply.status == 422 && reply.slug == "digest-mismatch", "\(headers) \(reply.text)")
            #expect(try api.send("GET", Self.target).text == "before")
        }
    }

    @Test(arguments: [
        ("Repr-Digest", "sha-256=abc"), ("Repr-Digest", "sha-256=:abc"), ("Repr-Digest", "sha-256=:Zg==:"),
        ("Repr-Digest", "sha-256"), ("Repr-Digest", "sha-256="), ("Repr-Digest", "SHA-256=:Zg==:"),
        ("Repr-Digest", "x y"),
        ("Content-Digest", "sha-256=10"), ("Content-Digest", "md5=:Zg==:"), ("Content-MD5", "Zg=="),
        ("Content-MD5", "d41d8cd98f00b204e9800998ecf8427e"), ("Content-MD5", ""),
    ])
    func digestThatCannotBeReadIsRefused(name: String, value: String) throws {
        let reply = try api.send("PUT", Self.target, headers: [(name, value)], "weights")
        #expect(reply.status == 400 && reply.slug == "invalid-digest", "\(reply.text)")
        #expect(reply.detail.contains(name))
        #expect(try api.send("GET", Self.target).status == 404)
    }

    /// `Repr-Digest` is of the file in it, `Content-Digest` and `Content-MD5` of the form.
    @Test func digestsOfAFormAreOfTheFileAndOfTheBody() throws {
        let form = Self.form([("file", "x", "weights")])
        func put(_ headers: (String, String)...) throws -> Int {
            try api.send("PUT", Self.target, type: "multipart/form-data; boundary=BB", headers: headers, form).status
        }
        let md5 = Base64.encode(Digest.of(Array(form.utf8), .md5))
        #expect(try put(("Repr-Digest", Self.field(.sha256, "weights")), ("Content-MD5", md5)) == 201)
        #expect(try put(("Content-Digest", Self.field(.sha256, form))) == 204)
        #expect(try put(("Repr-Digest", Self.field(.sha256, form))) == 422)
        #expect(try put(("Content-Digest", Self.field(.sha256, "weights"))) == 422)
    }

    // MARK: Digests on download

    private func get(_ headers: (String, String)..., method: String = "GET", target: String = target) throws
        -> HTTPClient.Reply
    {
        try api.send(method, target, headers: headers)
    }

    @Test func smallFilesComeWithTheirDigests() throws {
        api.folder.write("runs/a/models/net.pt", "from elsewhere")
        let md5 = Base64.encode(Digest.of(Array("from elsewhere".utf8), .md5))
        for method in ["GET", "HEAD"] {
            let reply = try get(method: method)
            #expect(reply.headers["repr-digest"] == Self.field(.sha256, "from elsewhere"))
            #expect(reply.headers["content-md5"] == md5)
        }
        let part = try get(("Range", "bytes=0-3"))
        #expect(part.status == 206 && part.text == "from")
        #expect(part.headers["repr-digest"] == Self.field(.sha256, "from elsewhere"), "of the whole file")
        #expect(part.headers["content-md5"] == nil)
        try api.send("PUT", Self.target, "new")
        #expect(try get().headers["repr-digest"] == Self.field(.sha256, "new"))
        api.folder.write("runs/a/models/net.pt", "even newer")
        #expect(try get().headers["repr-digest"] == Self.field(.sha256, "even newer"))
    }

    @Test func largeFileComesWithItsDigestWhereItIsKnownOrAskedFor() throws {
        let content = String(repeating: "0123456789abcdef", count: 100_000)
        #expect(try api.send("PUT", Self.target, content).status == 201)
        #expect(try get().headers["repr-digest"] == Self.field(.sha256, content), "made while it came")
        api.folder.write("runs/a/copied", content)
        let copied = "/runs/a/files/copied"
        #expect(try get(target: copied).headers["repr-digest"] == nil)
        #expect(
            try get(("Want-Repr-Digest", "sha-256=1"), method: "HEAD", target: copied).headers["repr-digest"]
                == Self.field(.sha256, content))
        #expect(try get(target: copied).headers["repr-digest"] == Self.field(.sha256, content), "remembered")
        let md5 = Base64.encode(Digest.of(Array(content.utf8), .md5))
        try api.send(
            "PUT", Self.target, headers: [("Content-MD5", md5), ("Repr-Digest", Self.field(.md5, content))], content)
        #expect(try get().headers["repr-digest"] == Self.field(.sha256, content))
    }

    @Test(arguments: [
        ("sha-256=10", ["sha-256"]), ("sha-512=3, sha-256=10", ["sha-256", "sha-512"]), ("md5=1", ["md5"]),
        ("sha-256=0", []), ("sha-256=0, sha-512=1", ["sha-512"]), ("unixsum=5", []),
        ("crc32c=9, sha-512=2", ["sha-512"]),
        ("sha-256=11", []), ("not a dictionary", ["sha-256"]), ("", []),
    ])
    func digestsAreThoseThatAreWanted(want: String, names: [String]) throws {
        try api.send("PUT", Self.target, "weights")
        let fields = names.map { Self.field(Digest.Algorithm(rawValue: $0)!, "weights") }
        let reply = try get(("Want-Repr-Digest", want))
        #expect(reply.status == 200 && reply.text == "weights")
        #expect(reply.headers["repr-digest"] == (fields.isEmpty ? nil : fields.joined(separator: ", ")))
    }
}
