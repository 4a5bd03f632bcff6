import TestSupport
import Testing

/// An upload in parts outlives the server.
@Suite struct PartialUploadTests {
    @Test func uploadIsGoneOnWithAfterACrash() throws {
        let folder = TemporaryFolder()
        let target = "/runs/a/files/net.pt"
        var server = try Server(runs: folder.path)
        #expect(try server.connect().send("PUT", "/runs/a").status == 201)
        let first = try server.connect()
            .send("PUT", target, headers: [("Content-Range", "bytes 0-3/10")], text: "0123")
        #expect(first.status == 202)
        // In the middle of a part: what had no reply is sent again.
        let client = try server.connect()
        let part = HTTPClient.request(
            "PUT", target, headers: [("Content-Range", "bytes 4-9/10")], body: Array("456789".utf8))
        try client.write(Array(part.dropLast(2)))
        try server.crash()
        server = try Server(runs: folder.path)
        #expect(folder.exists("a/net.pt") == false)
        let asked = try server.connect().send("PUT", target, headers: [("Content-Range", "bytes */10")])
        #expect(asked.status == 202)
        #expect(asked.headers["range"] == "bytes=0-3")
        let last = try server.connect()
            .send("PUT", target, headers: [("Content-Range", "bytes 4-9/10")], text: "456789")
        #expect(last.status == 201)
        try server.crash()
        server = try Server(runs: folder.path)
        #expect(try server.connect().send("GET", target).text == "0123456789")
    }

    @Test func limitsAreSettings() throws {
        let folder = TemporaryFolder()
        let server = try Server(
            runs: folder.path, "--max-partial-uploads", "1", variables: ["RUNDIR_MAX_PARTIAL_BYTES": "100"])
        #expect(try server.connect().send("PUT", "/runs/a").status == 201)
        func begin(_ name: String, _ total: Int) throws -> HTTPClient.Reply {
            try server.connect()
                .send("PUT", "/runs/a/files/\(name)", headers: [("Content-Range", "bytes 0-3/\(total)")], text: "0123")
        }
        #expect(try begin("one", 90).status == 202)
        let refused = try begin("two", 5)
        #expect(refused.status == 507)
        #expect(refused.text.contains("over 1 files (--max-partial-uploads)"), "\(refused.text)")
        for options in [
            ["--max-partial-uploads", "0"], ["--keep-partial-uploads", "59"], ["--max-partial-bytes", "0"],
        ] {
            let command = try Command(arguments: [Server.executable, "serve", "--runs", folder.path] + options)
            #expect(command.ending == .exited(64) && command.errors.contains("\(options[0]) is \(options[1])"))
        }
    }
}
