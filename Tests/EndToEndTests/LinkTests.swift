import Glibc
import JSON
import TestSupport
import Testing

/// Links in run directories, and what is no file, over HTTP: row 43 of ERRORS.md, for metadata as for artifacts.
@Suite struct LinkTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient
    private var run: String { "\(folder.path)/runs/a" }

    init() throws {
        server = try Server(runs: "\(folder.path)/runs")
        client = try server.connect()
        for run in ["a", "b"] {
            #expect(try client.sendJSON("PUT", "/runs/\(run)", #"{"flags": {"lr": 1}}"#).status == 201)
        }
        folder.write("outside/flags.json", #"{"secret": 1}"#)
        folder.write("outside/tfruns.d/flags.json", #"{"secret": 1}"#)
    }

    private func link(_ path: String, to target: String) throws {
        try Command.succeed("rm", "-rf", path)
        try Command.succeed("ln", "-s", target, path)
    }

    private func expectProblem(_ reply: HTTPClient.Reply, _ status: Int, _ slug: String) throws {
        #expect(reply.status == status, "\(reply.text)")
        #expect(try reply.json["type"]?.string == "/problems/\(slug)")
        #expect(!reply.text.contains(folder.path))
    }

    /// Fails when something outside is served or changed, or the reply is a fault of the server's.
    @Test(arguments: [
        ("tfruns.d/flags.json", "flags.json"), ("tfruns.d/properties", ""), ("tfruns.d", ""),
        ("tfruns.d/metrics.ndjson", "flags.json"),
    ])
    func nothingLeadsOutOfTheRun(place: String, target: String) throws {
        try link("\(run)/\(place)", to: "\(folder.path)/outside/\(target)")
        let before = DirectoryTree("\(folder.path)/outside")
        let (read, write): (String, (String, String)) =
            switch place {
            case "tfruns.d/properties": ("files/tfruns.d/properties/flags.json", ("properties", #"{"x": 1}"#))
            case "tfruns.d/metrics.ndjson": ("files/tfruns.d/metrics.ndjson", ("metrics", #"{"epoch": 1, "loss": 1}"#))
            default: ("metadata/flags", ("flags", #"{"x": 1}"#))
            }
        try expectProblem(client.send("GET", "/runs/a/\(read)"), 403, "path-forbidden")
        try expectProblem(client.sendJSON("POST", "/runs/a/metadata/\(write.0)", write.1), 403, "path-forbidden")
        for target in ["/runs/a", "/runs/a/bundle.tar.gz", "/runs", "/runs/a/metadata"] {
            let reply = try client.send("GET", target)
            #expect([200, 403].contains(reply.status), "\(target): \(reply.status)")
            #expect(!reply.text.contains("secret"))
        }
        #expect(DirectoryTree("\(folder.path)/outside") == before)
        #expect(try client.sendJSON("POST", "/runs/b/metadata/flags", #"{"x": 1}"#).status == 201)
        #expect(try client.send("GET", "/ready").status == 200)
    }

    /// Fails when a purge empties what a run's link leads to.
    @Test func aRunThatIsALinkIsNeitherServedNorChanged() throws {
        try link("\(folder.path)/runs/linked", to: "\(folder.path)/outside")
        let before = DirectoryTree("\(folder.path)/outside")
        try expectProblem(client.send("DELETE", "/runs/linked?force=true"), 403, "path-forbidden")
        try expectProblem(client.sendEmpty("POST", "/runs/linked/archive"), 403, "path-forbidden")
        try expectProblem(client.send("PUT", "/runs/linked"), 403, "path-forbidden")
        try expectProblem(client.sendJSON("POST", "/runs/linked/metadata/flags", "{}"), 403, "path-forbidden")
        try expectProblem(client.send("GET", "/runs/linked"), 403, "path-forbidden")
        try expectProblem(client.send("GET", "/runs/linked/files/flags.json"), 403, "path-forbidden")
        #expect(try client.send("POST", "/runs/purge?where=TRUE&force=true&dry_run=false").json["count"] == 2)
        #expect(DirectoryTree("\(folder.path)/outside") == before)
    }

    @Test func whatIsNoFileIsRefusedForWriting() throws {
        try Command.succeed("rm", "\(run)/tfruns.d/flags.json")
        try Command.succeed("mkfifo", "\(run)/tfruns.d/flags.json", "\(run)/tfruns.d/metrics.ndjson")
        try expectProblem(client.sendJSON("POST", "/runs/a/metadata/flags", "{}"), 409, "path-taken")
        try expectProblem(
            client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 1}"#), 409, "path-taken")
        #expect(try client.send("GET", "/runs/a/metadata/flags").status == 404)
        #expect(try client.send("GET", "/runs/a").status == 200)
        #expect(try client.send("GET", "/runs/a/bundle.tar.gz").status == 200)
    }
}
