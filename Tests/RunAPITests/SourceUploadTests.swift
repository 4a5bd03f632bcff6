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

    /// Where `view_run()` looks: the file name of the script, at the top.
    @Test(
        arguments: [
            // What was given, the files, the script as the run has it then, and the copy.
            (nil, ["src/train.py", "src/net.py"], "src/train.py", "train.py"),
            (nil, ["train.py", "src/train.py"], "train.py", nil),
            ("src/run.py", ["src/run.py", "train.py"], "src/run.py", "run.py"),
            ("/home/x/job/src/run.py", ["src/run.py", "train.py"], "/home/x/job/src/run.py", "run.py"),
            ("run.py", ["a/b/run.py", "train.py"], "run.py", "run.py"),
            ("C:\\\\job\\\\src\\\\run.py", ["src/run.py", "train.py"], "src/run.py", "run.py"),
            ("python -u src/run.py --lr 0.1/2", ["src/run.py", "train.py"], "src/run.py", "run.py"),
            ("", ["src/train.py"], "src/train.py", "train.py"), ("", ["a.py"], "a.py", nil),
        ] as [(String?, [String], String, String?)])
    func viewRunFindsTheScriptAtTheTopOfTheSource(given: String?, files: [String], script: String, copy: String?) throws
    {
        let run = given.map { "{\"script\":\"\($0)\"}" } ?? ""
        #expect(try api.send("PUT", "/runs/b", type: "application/json", run).status == 201)
        let expected = Set((files + (copy.map { [$0] } ?? [])).map { "source/\($0)" })
        for prefix in ["source/", ""] {
            let archive = try gzippedTar(files.map { prefix + $0 })
            let reply = try api.client()
                .send("POST", "/runs/b/metadata/source", type: "application/gzip", body: archive)
            #expect(reply.status == 201, "\(reply.text)")
            #expect(api.file("properties/script", of: "b") == "\(script)\n")
            #expect(try packed("b") == expected)
        }
        let form = multipart(files.map { ($0, "print()\n") }, file: true)
        #expect(
            try api.send("POST", "/runs/b/metadata/source", type: "multipart/form-data; boundary=BB", form).status
                == 201)
        #expect(try packed("b") == expected)
        #expect(api.file("properties/script", of: "b") == "\(script)\n")
    }

    /// A field beside files would be lost.
    @Test(arguments: [true, false])
    func aFieldBesideFilesIsRefused(isFirst: Bool) throws {
        let (files, fields) = (multipart([("a.py", "1\n")], file: true), multipart([("script", "a.py")]))
        let parts = [isFirst ? fields : files, isFirst ? files : fields]
        let form = parts[0].replacing("--BB--\r\n", with: "") + parts[1]
        let reply = try api.send("POST", "/runs/a/metadata/source", type: "multipart/form-data; boundary=BB", form)
        #expect(reply.status == 422 && reply.text.contains("\\\"script\\\" beside files"), "\(reply.text)")
        #expect(api.file("source.tar.gz", of: "a") == nil)
    }

    @Test func aCopyOfTheScriptHoldsWhatTheScriptDoes() throws {
        let form = multipart([("src/net.py", "net\n"), ("src/train.py", "train\n")], file: true)
        try api.send("POST", "/runs/a/metadata/source", type: "multipart/form-data; boundary=BB", form)
        let path = "\(api.folder.path)/runs/a/tfruns.d/source.tar.gz"
        #expect(try Command.succeed("tar", "xzOf", path, "source/train.py") == Array("train\n".utf8))
        #expect(try Command.succeed("tar", "xzOf", path, "source/src/train.py") == Array("train\n".utf8))
        try TfrunsReader(runs: "\(api.folder.path)/runs").view("a")
        api.folder.write("allowed/deep/job/train.py", "deep\n")
        #expect(
            try api.send(
                "POST", "/runs/a/metadata/source", type: "application/json",
                "{\"directory\":\"\(api.folder.path)/allowed/deep\"}"
            ).status == 201)
        #expect(try packed("a") == ["source/job/train.py", "source/train.py"])
        #expect(try Command.succeed("tar", "xzOf", path, "source/train.py") == Array("deep\n".utf8))
    }

    /// The files in a run's source.
    private func packed(_ run: String) throws -> Set<String> {
        let list = try Command.succeed("tar", "tzf", "\(api.folder.path)/runs/\(run)/tfruns.d/source.tar.gz")
        let names = String(decoding: list, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(Set(names).count == names.count)
        return Set(names)
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
