import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import MetadataWriters

/// Digests that are sent with metadata.
@Suite struct UploadDigestsTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    private static func field(_ text: [UInt8]) -> String { "sha-256=:\(Base64.encode(Digest.of(text, .sha256))):" }

    private static let archive: [UInt8] = {
        let folder = TemporaryFolder()
        folder.write("archive", "")
        guard let writer = try? ArchiveWriter(path: "\(folder.path)/archive"),
            (try? writer.begin("train.py", size: 0, mode: 0o644, modified: 1_795_512_600)) != nil,
            (try? writer.finish()) != nil
        else { return [] }
        return folder.read("archive") ?? []
    }()

    /// Bodies in memory, small and large, in a form, and as they come.
    private static let bodies: [(method: String, target: String, type: String?, body: [UInt8])] = [
        ("POST", "/runs/a/metadata/flags", "application/json", Array(#"{"lr":1}"#.utf8)),
        ("POST", "/runs/a/metadata/metrics", "application/json", Array(#"{"loss":1}"#.utf8)),
        ("POST", "/runs/a/metadata/evaluation", nil, Array("acc=1".utf8)),
        ("PATCH", "/runs/a/metadata/properties", "application/json", Array(#"{"p":1}"#.utf8)),
        (
            "POST", "/runs/a/metadata/metrics", "application/x-ndjson",
            Array(String(repeating: "{\"loss\":1}\n", count: 20_000).utf8)
        ),
        ("POST", "/runs/a/data/notes", "application/json", Array("{}".utf8)),
        ("POST", "/runs/a/metadata/source", "application/gzip", archive),
        (
            "POST", "/runs/a/metadata/source", "multipart/form-data; boundary=BB",
            Array(
                "--BB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"train.py\"\r\n\r\nx\r\n--BB--\r\n"
                    .utf8)
        ),
        ("PUT", "/runs/new", "application/json", Array(#"{"flags":{"lr":1}}"#.utf8)),
        ("POST", "/runs", "application/json", Array(#"{"flags":{"lr":1}}"#.utf8)),
    ]

    @Test(arguments: bodies.indices)
    func digestOfAnyBodyIsHeldAgainstIt(index: Int) throws {
        let (method, target, type, body) = Self.bodies[index]
        let other = Array("other".utf8)
        let wrong = [
            ("Content-MD5", Base64.encode(Digest.of(other, .md5))), ("Content-Digest", Self.field(other)),
            ("Repr-Digest", Self.field(other)),
        ]
        let before = try api.send("GET", "/runs").text
        for header in wrong {
            let reply = try api.client().send(method, target, type: type, headers: [header], body: body)
            #expect(reply.status == 422 && reply.slug == "digest-mismatch", "\(header.0) \(target): \(reply.text)")
        }
        let unreadable = try api.client().send(method, target, type: type, headers: [("Content-MD5", "x")], body: body)
        #expect(unreadable.status == 400 && unreadable.slug == "invalid-digest")
        #expect(try api.send("GET", "/runs").text == before)
        #expect(try api.send("GET", "/runs/a/metadata").json["metadata"]?.array?.count == 1, "the properties alone")
        let right = [
            ("Content-MD5", Base64.encode(Digest.of(body, .md5))), ("Content-Digest", Self.field(body)),
            ("Repr-Digest", Self.field(body)),
        ]
        let reply = try api.client().send(method, target, type: type, headers: right, body: body)
        #expect((200...201).contains(reply.status), "\(reply.text)")
    }
}
