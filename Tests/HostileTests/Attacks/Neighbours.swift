import Glibc
import JSON
import TestSupport

/// Directories and files that something else put among the runs. Each is looked at in every way, and purged; what is
/// outside stays as it was.
extension Attack {
    static var neighbours: [Attack] {
        let makings: [(String, @Sendable (String, String) -> Void)] = [
            ("a run that is a link", { run, outside in symlink(outside, run) }),
            ("tfruns.d that is a link", { run, outside in make(run) { symlink(outside, "\($0)/tfruns.d") } }),
            ("properties that is a link", { run, outside in data(run) { symlink(outside, "\($0)/properties") } }),
            (
                "flags.json that is a link",
                { run, outside in data(run) { symlink("\(outside)/secret", "\($0)/flags.json") } }
            ),
            (
                "a property that is a link",
                { run, outside in
                    data(run) {
                        mkdir("\($0)/properties", 0o755)
                        symlink("\(outside)/secret", "\($0)/properties/script")
                    }
                }
            ),
            (
                "rows that are a link",
                { run, outside in data(run) { symlink("\(outside)/secret", "\($0)/metrics.ndjson") } }
            ),
            ("a link to itself", { run, _ in data(run) { symlink("evaluation.json", "\($0)/evaluation.json") } }),
            ("flags.json that is a pipe", { run, _ in data(run) { mkfifo("\($0)/flags.json", 0o644) } }),
            ("rows that are a pipe", { run, _ in data(run) { mkfifo("\($0)/metrics.ndjson", 0o644) } }),
            ("flags.json that is a folder", { run, _ in data(run) { mkdir("\($0)/flags.json", 0o755) } }),
            (
                "a property that is a folder",
                { run, _ in
                    data(run) {
                        mkdir("\($0)/properties", 0o755)
                        mkdir("\($0)/properties/start", 0o755)
                    }
                }
            ),
            ("tfruns.d that is a file", { run, _ in make(run) { put("\($0)/tfruns.d", "x") } }),
            ("a run that is a file", { run, _ in put(run, "x") }),
            ("NULs in names", { run, _ in data(run) { put("\($0)/flags.json", #"{"x\u0000y": 1, "x\u0000z": 2}"#) } }),
            (
                "a name of 1 MB",
                { run, _ in data(run) { put("\($0)/flags.json", #"{"\#(many("n", 1_000_000))": 1}"#) } }
            ),
            (
                "200,000 flags",
                { run, _ in
                    data(run) {
                        put(
                            "\($0)/flags.json", "{" + (0..<200_000).map { #""k\#($0)":1"# }.joined(separator: ",") + "}"
                        )
                    }
                }
            ),
            ("flags of 100,000 levels", { run, _ in data(run) { put("\($0)/flags.json", many("[", 100_000)) } }),
            ("flags that are a list", { run, _ in data(run) { put("\($0)/flags.json", "[1, 2]") } }),
            (
                "rows of rubbish",
                { run, _ in data(run) { put("\($0)/metrics.ndjson", many("\u{1}\u{2}{[\"", 50_000)) } }
            ),
            ("rows of one line of 5 MB", { run, _ in data(run) { put("\($0)/metrics.ndjson", many("{", 5_000_000)) } }),
            (
                "rows with 30,000 columns",
                { run, _ in
                    data(run) {
                        put(
                            "\($0)/metrics.ndjson",
                            "{" + (0..<30_000).map { #""c\#($0)":1"# }.joined(separator: ",") + "}\n")
                    }
                }
            ),
            (
                "a frame of other lengths",
                { run, _ in data(run) { put("\($0)/metrics.json", #"{"a": [1, 2], "b": [1]}"#) } }
            ),
            ("a frame of texts", { run, _ in data(run) { put("\($0)/metrics.json", #"{"a": ["x", {}, []]}"#) } }),
            (
                "times before time",
                { run, _ in
                    data(run) {
                        mkdir("\($0)/properties", 0o755)
                        put("\($0)/properties/start", "-1e308\n")
                        put("\($0)/properties/end", "NaN\n")
                    }
                }
            ),
            (
                "names that are no UTF-8",
                { run, _ in
                    data(run) {
                        mkdir("\($0)/properties", 0o755)
                        putBytes("\($0)/properties/", [0xFF, 0xFE])
                        putBytes("\($0)/", [0xE9])
                    }
                }
            ),
            ("400 folders deep", { run, _ in make(run) { deepen($0, 400) } }),
            (
                "controls in names",
                { run, _ in
                    make(run) {
                        put("\($0)/\u{1B}[31mred\u{7}\n", "x")
                        put("\($0)/100%\\", "x")
                    }
                }
            ),
        ]
        return makings.enumerated().map { number, making in
            Attack("neighbour: \(making.0)") { server in
                let outside = TemporaryFolder()
                outside.write("secret", "the secret\n")
                outside.write("properties/deep", "the secret\n")
                let before = DirectoryTree(outside.path)
                let run = "neighbour-\(number)"
                making.1("\(server.runs)/\(run)", outside.path)
                defer { DirectoryTree.removeLink("\(server.runs)/\(run)") }
                try lookAtAll(of: run, server)
                try writeInto(run, server)
                try lookAtAll(of: run, server)
                try purge(run, server)
                if DirectoryTree(outside.path) != before { throw Fault(description: "what is outside was changed") }
            }
        }
    }

    private static func lookAtAll(of run: String, _ server: Server) throws {
        let targets =
            ["", "/metadata", "/files", "/files/tfruns.d", "/metrics", "/metrics?points=5", "/bundle.tar.gz"]
            + ["flags", "properties", "evaluation", "metrics", "error", "source"].map { "/metadata/\($0)" }
        let client = try server.connect(timeout: 60)
        for target in targets {
            let reply = try server.connect(timeout: 60).send("GET", "/runs/\(run)\(target)")
            try check(reply, .answered)
            if reply.text.contains("the secret") { throw Fault(description: "GET \(target) tells what is outside") }
        }
        for target in ["/runs?columns=run,status", "/compare?runs=\(run),canary"] {
            try check(try client.send("GET", target), .answered)
        }
        guard try client.send("GET", "/runs?where=run%20%3D%3D%20%22canary%22").json["runs"]?.array?.count == 1 else {
            throw Fault(description: "the listing does not go on")
        }
    }

    private static func writeInto(_ run: String, _ server: Server) throws {
        for (type, body) in [
            ("flags", #"{"a": 1}"#), ("properties", #"{"script": "x.py", "new": "y"}"#), ("evaluation", #"{"acc": 1}"#),
            ("metrics", #"{"step": 1, "loss": 2}"#), ("error", #"{"message": "m"}"#),
        ] {
            try check(
                try server.connect(timeout: 60).sendJSON("POST", "/runs/\(run)/metadata/\(type)", body), .answered)
        }
        try check(try server.connect(timeout: 60).send("PUT", "/runs/\(run)/files/new", body: [1]), .answered)
    }

    private static func purge(_ run: String, _ server: Server) throws {
        for (method, target) in [("POST", "archive"), ("POST", "restore")] {
            try check(try server.connect(timeout: 60).sendEmpty(method, "/runs/\(run)/\(target)"), .answered)
        }
        try check(try server.connect(timeout: 60).send("DELETE", "/runs/\(run)?force=true"), .answered)
    }

    // MARK: Making them

    private static func make(_ run: String, _ fill: (String) -> Void) {
        mkdir(run, 0o755)
        fill(run)
    }

    private static func data(_ run: String, _ fill: (String) -> Void) {
        make(run) {
            mkdir("\($0)/tfruns.d", 0o755)
            fill("\($0)/tfruns.d")
        }
    }

    private static func put(_ path: String, _ text: String) { putBytes(path, [], Array(text.utf8)) }

    private static func putBytes(_ path: String, _ name: [UInt8], _ content: [UInt8] = [1]) {
        let descriptor = (Array(path.utf8) + name + [0]).withUnsafeBytes {
            open($0.bindMemory(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
        }
        _ = content.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    private static func deepen(_ folder: String, _ levels: Int) {
        var path = folder
        for _ in 0..<levels {
            path += "/d"
            mkdir(path, 0o755)
        }
    }
}

extension DirectoryTree {
    /// Removes what is left of a neighbour: the link, the file, or the folder with all that is in it.
    fileprivate static func removeLink(_ path: String) { _ = try? Command("rm", "-rf", path) }
}
