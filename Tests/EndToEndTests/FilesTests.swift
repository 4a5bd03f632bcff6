import Glibc
import JSON
import TestSupport
import Testing

/// Artifacts, bundles and `rundir import`, with the server as a process.
@Suite struct FilesTests {
    private let folder = TemporaryFolder()

    private func runs() -> String { "\(folder.path)/runs" }

    @Test func acknowledgedArtifactsOutliveAKill() throws {
        let server = try Server(runs: runs())
        let client = try server.connect()
        let large = [UInt8](repeating: 7, count: 3 << 20)
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.send("PUT", "/runs/a/files/models/net.pt", body: large).status == 201)
        #expect(try client.send("PUT", "/runs/a/files/old", text: "x").status == 201)
        #expect(try client.send("PUT", "/runs/a/files/models/net.pt", text: "second").status == 204)
        #expect(try client.send("DELETE", "/runs/a/files/old").status == 204)
        #expect(try client.send("PUT", "/runs/p/files/early", body: large).status == 202)
        try server.crash()
        let next = try Server(runs: runs())
        let again = try next.connect()
        #expect(try again.send("GET", "/runs/a/files/models/net.pt").text == "second")
        #expect(try again.send("GET", "/runs/a/files/old").status == 404)
        #expect(try again.send("PUT", "/runs/p").status == 201)
        #expect(try again.send("GET", "/runs/p/files/early").body == large)
    }

    /// Fails when the frame and the rows of a bundle are not of one moment.
    @Test func bundlesOfARunThatGoesOnAreConsistent() throws {
        let server = try Server(runs: runs())
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        for number in 1...6 {
            // Sent ahead, so that rows land while the bundle is made.
            for step in 1...200 {
                let row = "{\"step\": \(number * 1000 + step), \"loss\": \(step)}"
                try client.write(
                    HTTPClient.request(
                        "POST", "/runs/a/metadata/metrics", type: "application/json", body: Array(row.utf8)))
            }
            let bundle = try server.connect().send("GET", "/runs/a/bundle.tar.gz")
            for _ in 1...200 { #expect(try client.read().status == 201) }
            folder.write("out/x", "")
            let path = "\(folder.path)/out/b.tar.gz"
            let file = try #require(fopen(path, "we"))
            fwrite(bundle.body, 1, bundle.body.count, file)
            fclose(file)
            try Command.succeed("tar", "xzf", path, "-C", "\(folder.path)/out")
            let rows = folder.read("out/a/tfruns.d/metrics.ndjson") ?? []
            let frame = try JSONValue.parse(folder.read("out/a/tfruns.d/metrics.json") ?? Array("{}".utf8))
            #expect(frame["loss"]?.array?.count ?? 0 == rows.count { $0 == UInt8(ascii: "\n") })
            try Command.succeed("rm", "-r", "\(folder.path)/out")
        }
    }

    @Test func bundlesAndDirectoriesOfTfrunsAreImported() throws {
        let server = try Server(runs: runs())
        let client = try server.connect()
        let fixture = "\(TfrunsFixture.folder)/runs/\(TfrunsFixture.runs[0])"
        // The server goes on meanwhile, and serves the run at once.
        try Command.succeed(Server.executable, "import", "--runs", runs(), fixture)
        #expect(try client.send("GET", "/runs/\(TfrunsFixture.runs[0])").status == 200)
        let imported = DirectoryTree("\(runs())/\(TfrunsFixture.runs[0])")
        #expect(imported == DirectoryTree(fixture))

        let bundle = try client.send("GET", "/runs/\(TfrunsFixture.runs[0])/bundle.tar.gz")
        let path = "\(folder.path)/b.tar.gz"
        let file = try #require(fopen(path, "we"))
        fwrite(bundle.body, 1, bundle.body.count, file)
        fclose(file)
        let refused = try Command(Server.executable, "import", "--runs", runs(), path)
        #expect(refused.ending == .exited(1))
        #expect(refused.errors.contains("there is already a run \"\(TfrunsFixture.runs[0])\""), "\(refused.errors)")
        try Command.succeed(Server.executable, "import", "--runs", runs(), "--as", "copy", path)
        #expect(DirectoryTree("\(runs())/copy") == imported)
        // And where no server is.
        try Command.succeed(Server.executable, "import", "--runs", "\(folder.path)/other", path)
        #expect(DirectoryTree("\(folder.path)/other/\(TfrunsFixture.runs[0])") == imported)
    }
}
