import Foundation
import TestSupport
import Testing

/// What others choose (paths, names, methods, texts) has no effect on the terminal or the log that shows it.
@Suite struct PlainLogTests {
    private let folder = TemporaryFolder()

    private var runs: String { "\(folder.path)/runs" }

    /// ESC, a line that looks like the log's own, the C1 form of ESC [, what turns the direction of writing, DEL.
    private static let hostile =
        "x\u{1b}[31m\r\n2026-01-01 critical api: forged\u{9b}2J\u{202e}txt\u{2066}\u{7f}\u{2028}y"
    private static let escaped =
        #"x\x1B[31m\r\n2026-01-01 critical api: forged\u{9B}2J\u{202E}txt\u{2066}\x7F\u{2028}y"#

    private func expectPlain(_ text: String, _ sourceLocation: SourceLocation = #_sourceLocation) {
        for scalar in text.unicodeScalars where scalar != "\n" {
            let isPlain =
                scalar.properties.generalCategory != .control && !scalar.properties.isBidiControl
                && scalar != "\u{2028}" && scalar != "\u{2029}"
            #expect(
                isPlain, "U+\(String(scalar.value, radix: 16)) in \(text.debugDescription)",
                sourceLocation: sourceLocation)
        }
        #expect(!text.contains("\n2026-01-01 critical"), sourceLocation: sourceLocation)
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func logHasOneLineAMessageWhateverClientsSend() throws {
        let server = try Server(runs: runs, "--log-level", "trace")
        let name = Self.encoded(Self.hostile)
        let row = #"{"epoch": 1, "a": "n/a"}"#.replacing("\"a\"", with: #""\u001b[31m\n\u202e""#)
        for (method, target, headers) in [
            ("GET", "/runs/\(name)", []), ("PUT", "/runs/\(name)", []), ("GET", "/runs/a/files/\(name)", []),
            ("POST", "/runs/a/metadata/\(name)", []), ("GET", "/runs?where=\(name)", []), ("GET", "/\(name)", []),
            ("GET", "/runs?order=\(name)&columns=\(name)", []), ("B\u{1b}[31mREW", "/runs", []),
            ("GET", "/runs/a", [("Run-Session", "\u{1b}[31m\u{9b}\u{202e}")]),
            ("GET", "/runs/a", [("Host", "\u{1b}[31mhost")]),
            ("POST", "/runs", [("Content-Type", "a/\u{1b}[31m\u{9b}b")]),
            ("PUT", "/runs/\(String(repeating: "%1b", count: 1200))", []),
        ] as [(String, String, [(String, String)])] {
            let client = try server.connect()
            _ = try client.send(method, target, headers: headers, text: method == "POST" ? row : "")
        }
        _ = try server.connect().sendJSON("POST", "/runs/a/metadata/metrics", row)
        try server.terminate()
        expectPlain(server.errors)
        let lines = server.errors.split(separator: "\n")
        #expect(lines.count >= 8)
        #expect(lines.contains { $0.contains(Self.escaped) }, "\(server.errors)")
        for line in lines {
            #expect(line.utf8.count <= 4096)
            #expect(
                line.wholeMatch(of: /\d{4}-\d\d-\d\dT\S+ (trace|debug|info|notice|warning|error|critical) \w+: .*/)
                    != nil, "\(line)")
        }
    }

    @Test func commandsPrintNamesThatHaveNoEffect() throws {
        // A file whose contents `check` quotes, and folders that it passes.
        folder.write("runs/a/tfruns.d/flags.json", #"{"a\u001b[31m\u001b]0;x\u0007\u202e": {}, "b": {}}"#)
        folder.write("runs/a/tfruns.d/evaluation.json", #"{"x\u001b[31m\n2026-01-01 critical": []}"#)
        folder.write("runs/a/tfruns.d/properties/type", "training\n")
        folder.write("\(Self.hostile).d/tfruns.d/flags.json", "{}")
        folder.write("in/tfruns.d/flags.json", "{}")
        symlink("/etc/passwd", "\(folder.path)/in/\(Self.hostile)")
        try Command.succeed(
            "python3", "-c",
            """
            import io, sys, tarfile
            with tarfile.open(sys.argv[1], "w") as t:
                for name in ["run/tfruns.d/flags.json", "run/../\\x1b[31m\\n2026-01-01 critical\\u202e"]:
                    i = tarfile.TarInfo(name)
                    i.size = 2
                    t.addfile(i, io.BytesIO(b"{}"))
            """, "\(folder.path)/bad.tar")
        for arguments in [
            ["check", "--runs", runs], ["check", "--repair", "--runs", runs], ["reindex", "--runs", runs],
            ["import", "--runs", runs, "\(folder.path)/\(Self.hostile)"],
            ["import", "--runs", runs, "\(folder.path)/\(Self.hostile).d"],
            ["import", "--runs", runs, "--as", "b", "\(folder.path)/in"],
            ["import", "--runs", runs, "\(folder.path)/bad.tar"],
            ["check", "--runs", "\(folder.path)/\(Self.hostile)"], ["reindex", "--runs", "/dev/null/\(Self.hostile)"],
            ["serve", "--port", "0", "--runs", "/dev/null/\(Self.hostile)"],
        ] {
            let command = try Command(arguments: [Server.executable] + arguments)
            let output = String(decoding: command.output, as: UTF8.self)
            expectPlain(output)
            expectPlain(command.errors)
            #expect(!output.isEmpty || !command.errors.isEmpty, "\(arguments)")
        }
    }

    @Test func writersTexts() throws {
        folder.write(
            "writers/notes.json", #"{"store": "file", "path": "notes/{time}.txt", "description": "a\u001b[31m\nb"}"#)
        folder.script("writers/fails", #"printf 'one\033[31m\302\233\342\200\256\n' >&2; exit 3"#)
        let command = try Command(Server.executable, "types", "--check", "--writers", "\(folder.path)/writers")
        let output = String(decoding: command.output, as: UTF8.self)
        expectPlain(output)
        #expect(output.contains(#"a\x1B[31m\nb"#) && output.contains("one[31m"), "\(output)")
    }

    // MARK: Replies

    /// A problem says what was wrong with what was sent; it does not send all of it back.
    @Test func problemsAreShortHoweverMuchIsSent() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let long = String(repeating: "n", count: 500_000)
        let flags = (0..<9_000).map { "\"flag\($0)\": 1" }.joined(separator: ", ")
        #expect(try client.sendJSON("POST", "/runs/a/metadata/flags", "{\(flags)}").status == 201)
        for (method, target, body) in [
            ("POST", "/runs/a/metadata/metrics", "{\"epoch\": 1, \"a\": \"\(long)\"}"),
            ("POST", "/runs/a/metadata/metrics", "{\"epoch\": 1, \"\(long)\": true}"),
            ("POST", "/runs/a/metadata/properties", "{\"\(long)\": 1}"),
            ("POST", "/runs/a/metadata/evaluation", "{\"\(long)\": \"x\"}"),
            ("POST", "/runs", "{\"\(long)\": 1}"), ("POST", "/runs", "{\"flags\": \"\(long)\"}"),
            ("POST", "/runs/purge", "{\"where\": \"\(long.prefix(40_000)) > 1\"}"), ("GET", "/runs?where=nope", ""),
            ("GET", "/runs?columns=nope", ""), ("GET", "/runs?order=nope", ""),
        ] {
            let reply = try server.connect().sendJSON(method, target, body)
            #expect(reply.body.count <= 20_000, "\(method) \(target): \(reply.body.count) bytes")
            expectProblem(reply, reply.status)
        }
    }
}
