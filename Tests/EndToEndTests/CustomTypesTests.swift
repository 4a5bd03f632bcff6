import Foundation
import JSON
import TestSupport
import Testing

/// Custom types, with the writers of `Writers/` and curl.
@Suite struct CustomTypesTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private var url: String { "http://127.0.0.1:\(server.port)/runs" }

    init() throws {
        server = try Server(runs: "\(folder.path)/runs", "--writers", TemporaryFolder.sampleWriters)
        try #require(server.connect().send("PUT", "/runs/a").status == 201)
    }

    /// Sends with curl.
    /// - Returns: the status, and the reply
    private func curl(_ arguments: String...) throws -> (status: String, reply: JSONValue?) {
        let output = try Command(arguments: ["curl", "-sS", "-w", "\n%{http_code}"] + arguments).output
        let text = String(decoding: output, as: UTF8.self)
        let status = String(text.suffix(3))
        return (status, try? JSONValue.parse(Array(text.dropLast(4).utf8)))
    }

    /// A PNG of one colour, made by hand: signature, IHDR, IDAT, IEND.
    private func png(_ width: Int, _ height: Int) throws -> String {
        let path = "\(folder.path)/\(width)x\(height).png"
        try Command.python(
            """
            import struct, zlib
            def part(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            head = struct.pack(">IIBBBBB", \(width), \(height), 8, 0, 0, 0, 0)
            rows = (b"\\0" + b"\\x7f" * \(width)) * \(height)
            image = b"\\x89PNG\\r\\n\\x1a\\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
            open("\(path)", "wb").write(image)
            """, directory: folder.path)
        return path
    }

    // MARK: images, an executable

    @Test func imagesAreKeptByNameWithAnIndex() throws {
        for (name, size) in [("loss", 3), ("acc", 5), ("loss", 7)] {
            let sent = try curl("--data-binary", "@\(png(size, size))", "\(url)/a/metadata/images?name=\(name)")
            #expect(sent.status == "201", "\(sent)")
        }
        let index = try JSONValue.parse(try #require(server.file("images/index.json", of: "a")))
        #expect(index["loss"]?["width"]?.number?.int == 7)
        #expect(index["acc"]?["width"]?.number?.int == 5)
        #expect(server.file("images/loss.png", of: "a") == contents(of: try png(7, 7)))
        #expect(server.file("images/acc.png", of: "a") == contents(of: try png(5, 5)))
        let listed = try curl("\(url)/a/metadata/images")
        #expect(
            listed.reply?["files"]?.array?.compactMap { $0["path"]?.string }
                == ["images/acc.png", "images/index.json", "images/loss.png"])
    }

    /// As by default: `./runs`.
    @Test func executablesFindARunsDirectoryThatIsNamedFromWhereTheServerStarts() throws {
        let up = FileManager.default.currentDirectoryPath.split(separator: "/").map { _ in "../" }.joined()
        let runs = TemporaryFolder()
        let other = try Server(
            runs: "./\(up)\(runs.path.dropFirst())", "--writers", TemporaryFolder.sampleWriters)
        #expect(try other.connect().send("PUT", "/runs/b").status == 201)
        for name in ["first", "second"] {
            let sent = try curl(
                "--data-binary", "@\(png(2, 2))", "http://127.0.0.1:\(other.port)/runs/b/metadata/images?name=\(name)")
            #expect(sent.status == "201", "\(sent)")
        }
        // The second has seen what the first wrote.
        #expect(try JSONValue.parse(try #require(runs.read("b/tfruns.d/images/index.json"))).object?.count == 2)
    }

    /// Writers of one type and run take turns, so that each sees what the one before wrote.
    @Test func noEntryOfTheIndexIsLostWhenManyComeAtOnce() throws {
        let image = try png(1, 1)
        let sends = (0..<12).flatMap { number -> [String] in
            ["--next", "-sS", "--data-binary", "@\(image)", "\(url)/a/metadata/images?name=i\(number)"]
        }
        let output = try Command(arguments: ["curl", "--parallel", "--parallel-max", "12"] + sends.dropFirst())
        #expect(output.ending == .exited(0), "\(output.errors)")
        let index = try JSONValue.parse(try #require(server.file("images/index.json", of: "a")))
        #expect(index.object?.count == 12)
    }

    @Test func writersReasonIsTold() throws {
        let refused = try curl("-d", "no image", "\(url)/a/metadata/images?name=x")
        #expect(refused.status == "502")
        #expect(refused.reply?["detail"]?.string?.contains("status 1") == true)
        #expect(refused.reply?["detail"]?.string?.hasSuffix("the body is no PNG") == true, "\(refused)")
        let other = try curl("-H", "Content-Type: image/jpeg", "-d", "x", "\(url)/a/metadata/images?name=x")
        #expect(other.status == "415")
        #expect(other.reply?["allowed"] == ["image/png"])
        #expect(server.file("images/x.png", of: "a") == nil)
    }

    @Test func imagesOfAPendingRunWaitForIt() throws {
        let image = try png(2, 2)
        for target in ["later", "active"] {
            let sent = try curl("--data-binary", "@\(image)", "\(url)/\(target)/metadata/images?name=\(target)")
            // The run of init() is active, until another session is named.
            #expect(sent.status == (target == "active" ? "201" : "202"), "\(sent)")
        }
        let waiting = try curl(
            "-H", "Run-Session: s", "--data-binary", "@\(image)", "\(url)/active/metadata/images?name=next")
        #expect(waiting.status == "202")
        try server.crash()
        let again = try Server(runs: server.runs, "--writers", TemporaryFolder.sampleWriters)
        let client = try again.connect()
        #expect(try client.sendEmpty("PUT", "/runs/later").status == 201)
        #expect(try client.sendEmpty("PUT", "/runs/next", session: "s").status == 201)
        #expect(again.file("images/later.png", of: "later") == contents(of: image))
        #expect(again.file("images/next.png", of: "next") == contents(of: image))
        #expect(again.file("images/active.png", of: "a") == contents(of: image))
    }

    // MARK: confusion, a description

    @Test func confusionMatrixIsKeptWhereItIsAsItsSchemaSays() throws {
        let matrix = #"{"labels": ["cat", "dog"], "matrix": [[5, 1], [0, 7]]}"#
        #expect(try curl("-d", matrix, "\(url)/a/metadata/confusion?set=test").status == "201")
        let kept = try JSONValue.parse(try #require(server.file("confusion/test.json", of: "a")))
        #expect(kept["matrix"]?.array?.last?.array?.last?.number?.int == 7)
        let wrong = try curl(
            "-d", #"{"labels": ["cat", "dog"], "matrix": [[5, -1], [0, 7]]}"#, "\(url)/a/metadata/confusion?set=test")
        #expect(wrong.status == "422")
        #expect(wrong.reply?["pointer"] == "/matrix/0/1")
        #expect(try curl("-d", matrix, "\(url)/a/metadata/confusion").status == "400")
    }

    // MARK: checkpoints, an executable in a folder

    @Test func checkpointsAreUnpackedBesideOneAnother() throws {
        folder.write("model/weights.bin", String(repeating: "w", count: 100_000))
        folder.write("model/deep/optimizer.bin", "o")
        for step in [100, 200] {
            try Command.succeed("tar", "cf", "\(folder.path)/c.tar", "-C", "\(folder.path)/model", ".")
            let sent = try curl(
                "-H", "Content-Type: application/x-tar", "--data-binary", "@\(folder.path)/c.tar",
                "\(url)/a/metadata/checkpoints?step=\(step)")
            #expect(sent.status == "201", "\(sent)")
        }
        for step in [100, 200] {
            #expect(server.file("checkpoints/\(step)/weights.bin", of: "a")?.count == 100_000)
            #expect(server.text("checkpoints/\(step)/deep/optimizer.bin", of: "a") == "o")
        }
        try Command.succeed("ln", "-s", "/etc/passwd", "\(folder.path)/model/link")
        try Command.succeed("tar", "cf", "\(folder.path)/c.tar", "-C", "\(folder.path)/model", ".")
        let linked = try curl(
            "--data-binary", "@\(folder.path)/c.tar", "\(url)/a/metadata/checkpoints?step=300")
        #expect(linked.status == "502")
        #expect(linked.reply?["detail"]?.string?.contains("\"checkpoints/300/link\" is a link") == true, "\(linked)")
        #expect(server.file("checkpoints/300/weights.bin", of: "a") == nil)
    }

    // MARK: All of them

    @Test func typesAreListedLikeTheStandardOnes() throws {
        let types = try curl("http://127.0.0.1:\(server.port)/types").reply?["types"]?.array ?? []
        let names = types.compactMap { $0["type"]?.string }
        #expect(
            names == [
                "flags", "properties", "metrics", "evaluation", "error", "source", "output", "checkpoints", "confusion",
                "images",
            ])
        #expect(types.last?["accepts"] == ["image/png"])
        let listed = try Command("\(Server.executable)", "types", "--check", "--writers", TemporaryFolder.sampleWriters)
        #expect(listed.ending == .exited(0), "\(listed.errors)")
        let text = String(decoding: listed.output, as: UTF8.self)
        #expect(text.contains("images: A PNG by the name in the query"))
        #expect(text.contains("started, ended with status 1: say which image it is"), "\(text)")
    }

    @Test func nothingIsLeftInStaging() throws {
        _ = try curl("-d", "no image", "\(url)/a/metadata/images?name=x")
        _ = try curl("--data-binary", "@\(png(1, 1))", "\(url)/a/metadata/images?name=x")
        #expect(eventually { DirectoryTree("\(server.runs)/.rundir/staging").entries.isEmpty })
    }
}
