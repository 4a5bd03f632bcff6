import Foundation
import JSON
import TestSupport
import Testing

/// Types whose metadata is a folder: described by `"store": "folder"`, or any with `--custom-folders`.
@Suite struct CustomFolderTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        let writers = TemporaryFolder()
        writers.write("plots.json", #"{"store": "folder", "description": "Plots."}"#)
        server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path, "--custom-folders")
        client = try server.connect()
        try #require(client.send("PUT", "/runs/a").status == 201)
    }

    /// A tar.gz of what a shell command makes in an empty folder.
    private func archive(_ command: String) throws -> [UInt8] {
        let made = TemporaryFolder()
        try Command.succeed("sh", "-ec", command, directory: made.path)
        return try Command.succeed("tar", "-cz", "-C", made.path, ".")
    }

    private func send(_ type: String, _ body: [UInt8], to run: String = "a") throws -> HTTPClient.Reply {
        try client.send("POST", "/runs/\(run)/metadata/\(type)", type: "application/gzip", body: body)
    }

    @Test("Files of an archive become the run's", arguments: ["plots", "anything"])
    func filesOfAnArchiveBecomeTheRuns(type: String) throws {
        let first = try archive("mkdir -p \(type)/sub; echo 1 >\(type)/one; echo 2 >\(type)/sub/two")
        #expect(try send(type, first).status == 201)
        #expect(server.file("\(type)/sub/two", of: "a") == Array("2\n".utf8))
        let listed = try client.send("GET", "/runs/a/metadata/\(type)").json["files"]?.array
        #expect(listed?.compactMap { $0["path"]?.string } == ["\(type)/one", "\(type)/sub/two"])
        // Merged with what is there, as an executable's output.
        #expect(try send(type, archive("mkdir \(type); echo 3 >\(type)/one")).status == 201)
        #expect(server.file("\(type)/one", of: "a") == Array("3\n".utf8))
        #expect(server.file("\(type)/sub/two", of: "a") == Array("2\n".utf8))
        let types = try client.send("GET", "/runs/a/metadata").json["metadata"]?.array?.compactMap {
            $0["type"]?.string
        }
        #expect(types?.contains(type) == true)
    }

    @Test func filesMayBeAnywhereInTheDataDirectory() throws {
        #expect(try send("other", archive("echo 1 >notes.txt; mkdir deep; echo 2 >deep/x; : >empty")).status == 201)
        #expect(server.file("notes.txt", of: "a") == Array("1\n".utf8))
        #expect(server.file("deep/x", of: "a") == Array("2\n".utf8))
        #expect(server.file("empty", of: "a") == [])
    }

    @Test func filesOfAFormBecomeTheRuns() throws {
        folder.write("loss.png", "png")
        let sent = try Command(
            arguments: [
                "curl", "-sS", "-w", "%{http_code}", "-F", "file=@\(folder.path)/loss.png;filename=shots/loss.png",
                "http://127.0.0.1:\(server.port)/runs/a/metadata/shots",
            ])
        #expect(String(decoding: sent.output, as: UTF8.self) == "201")
        #expect(server.file("shots/loss.png", of: "a") == Array("png".utf8))
    }

    @Test func folderOfARunThatIsNotInitialisedWaitsForIt() throws {
        #expect(try send("plots", archive("mkdir plots; echo 1 >plots/one"), to: "later").status == 202)
        #expect(try client.send("PUT", "/runs/later").status == 201)
        #expect(server.file("plots/one", of: "later") == Array("1\n".utf8))
    }

    @Test(
        "An archive that an executable could not have made is refused, and nothing is stored",
        arguments: [
            ("echo 1 >flags.json; echo 1 >other", "belongs to a standard type"),
            ("mkdir properties; echo 1 >properties/x", "belongs to a standard type"),
            ("ln -s /etc/passwd link; echo 1 >other", "is a link, device or socket"),
            ("echo 1 >one; ln one two", "is a link, device or socket"),
            ("mkfifo pipe", "is a link, device or socket"),
            ("mkdir nothing", "there is no file in it"),
        ])
    func archiveThatCouldNotBeMadeIsRefused(command: String, reason: String) throws {
        let reply = try send("bad", archive(command))
        #expect(reply.status == 422)
        #expect(reply.text.contains(reason), "\(reply.text)")
        for name in ["other", "one", "two", "link"] { #expect(server.file(name, of: "a") == nil) }
    }

    @Test func bodyThatIsNoArchiveIsRefused() throws {
        #expect(try send("bad", Array("nonsense".utf8)).status == 422)
        #expect(try client.send("POST", "/runs/a/metadata/bad", type: "application/json", text: "{}").status == 415)
        #expect(try client.send("POST", "/runs/a/metadata/bad?x=1", type: "application/gzip", text: "x").status == 400)
        #expect(try client.send("POST", "/runs/a/metadata/Bad", type: "application/gzip", text: "x").status == 400)
    }

    @Test func withoutTheOptionTypesHaveToBeRegistered() throws {
        let other = try Server(runs: "\(folder.path)/other")
        let client = try other.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let reply = try client.send(
            "POST", "/runs/a/metadata/anything", type: "application/gzip", body: try archive("echo 1 >one"))
        #expect(reply.status == 404)
    }
}
