import JSON
import Limits
import TestSupport
import Testing

@testable import MetadataWriters

/// Source through the whole server.
@Suite struct SourceUploadTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    @Test(arguments: [
        "application/gzip", "application/x-tar", "application/octet-stream", "application/x-www-form-urlencoded", "",
    ])
    func archiveIsStoredAndReadBack(type: String) throws {
        let archive = try gzippedTar(["source/train.py", "source/lib/net.py"])
        let reply = try api.client()
            .send("POST", "/runs/a/metadata/source", type: type.isEmpty ? nil : type, body: archive)
        #expect(reply.status == 201, "\(reply.text)")
        let read = try api.send("GET", "/runs/a/metadata/source")
        #expect(read.status == 200)
        #expect(read.headers["content-type"] == "application/gzip")
        #expect(read.body == archive, "kept byte for byte")
        #expect(api.file("properties/script", of: "a") == "train.py\n")
    }

    @Test func chunkedArchiveIsStored() throws {
        let archive = try gzippedTar(["source/a.py"])
        let client = try api.client()
        try client.write(
            Array(
                ("POST /runs/a/metadata/source HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n").utf8))
        for start in stride(from: 0, to: archive.count, by: 50) {
            let part = archive[start..<min(start + 50, archive.count)]
            try client.write(Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8))
        }
        try client.write(Array("0\r\n\r\n".utf8))
        #expect(try client.read().status == 201)
        #expect(try api.send("GET", "/runs/a/metadata/source").body == archive)
    }

    @Test func gzippedTarSentAsAnEncodedTarIsTaken() throws {
        let archive = try gzippedTar(["train.py"])
        let reply = try api.client()
            .send(
                "POST", "/runs/a/metadata/source", type: "application/x-tar", headers: [("Content-Encoding", "gzip")],
                body: archive)
        #expect(reply.status == 201, "\(reply.text)")
    }

    @Test func filesOfAFormAreStored() throws {
        let body = multipart([("train.py", "print()\n"), ("lib/net.py", "x\n")], file: true)
        let reply = try api.send("POST", "/runs/a/metadata/source", type: "multipart/form-data; boundary=BB", body)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(try files() == ["source/train.py", "source/lib/net.py"])
    }

    @Test(arguments: ["application/json", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=BB"])
    func directoryOnTheServerIsStored(type: String) throws {
        let path = "\(api.folder.path)/allowed/project"
        let body = type.hasPrefix("multipart") ? multipart([("directory", path)]) : "{\"directory\":\"\(path)\"}"
        let reply = try api.send("POST", "/runs/a/metadata/source", type: type.isEmpty ? nil : type, body)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(try files() == ["source/train.py"])
    }

    @Test func sourceOfAPendingRunIsPublishedWithIt() throws {
        let archive = try gzippedTar(["source/main.py"])
        let pending = try api.client().send("POST", "/runs/p/metadata/source", type: "application/gzip", body: archive)
        #expect(pending.status == 202, "\(pending.text)")
        #expect(try api.send("PUT", "/runs/p").json["script"]?.string == "main.py")
        #expect(try api.send("GET", "/runs/p/metadata/source").body == archive)
    }

    @Test func clientThatLeavesMidwayLeavesNothing() throws {
        do {
            let client = try api.client()
            let request = HTTPClient.request(
                "POST", "/runs/a/metadata/source", type: "application/gzip", body: try gzippedTar(["source/a.py"]))
            try client.write(Array(request.dropLast(10)))
        }
        #expect(try api.send("GET", "/runs/a/metadata/source").slug == "no-metadata")
        #expect(api.file("source.tar.gz", of: "a") == nil)
    }

    /// A tar.gz of files that hold `x` and a newline.
    private func gzippedTar(_ names: [String]) throws -> [UInt8] {
        let folder = TemporaryFolder()
        folder.write("archive", "")
        let writer = try ArchiveWriter(path: "\(folder.path)/archive")
        for name in names {
            try writer.begin(name, size: 2, mode: 0o644, modified: 1_795_512_600)
            try Array("x\n".utf8).withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
        return try #require(folder.read("archive"))
    }

    /// The names in the run's source.
    private func files() throws -> [String] {
        var names: [String] = []
        let path = "\(api.folder.path)/runs/a/tfruns.d/source.tar.gz"
        _ = try ArchiveReader.forEachEntry(of: .file(path), budget: Budget([])) { names.append($0.path) }
        return names
    }
}
