import Glibc
import JSON
import TestSupport
import Testing

/// Row 52a of ERRORS.md: the runs directory goes while the server runs.
@Suite struct MissingDirectoryTests {
    private let folder = TemporaryFolder()
    private var runs: String { "\(folder.path)/runs" }
    private static let target = "/runs/there/metadata/metrics"

    /// What may become of the directory, by a shell in the folder that it is in; and whether it is brought back then.
    private static let losses = ["rm -r runs", "mv runs moved", "mv runs moved; mkdir runs", "mv runs/.rundir moved"]

    private func start() throws -> (Server, HTTPClient) {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/there").status == 201)
        #expect(try client.sendJSON("POST", Self.target, #"{"epoch": 1, "loss": 1}"#).status == 201)
        return (server, client)
    }

    private func shell(_ command: String) throws {
        try Command.succeed("sh", "-c", command, directory: folder.path)
    }

    private func expectGone(_ reply: HTTPClient.Reply) throws {
        #expect(reply.status == 503, "\(reply.text)")
        #expect(reply.headers["retry-after"] != nil)
        #expect(try reply.json["type"]?.string == "/problems/runs-gone")
    }

    /// Fails when a write is acknowledged that is nowhere, or a fault of the server's, or a directory is made anew.
    @Test(arguments: losses)
    func whatCannotBeStoredIsRefused(_ loss: String) throws {
        let (server, client) = try start()
        try shell(loss)
        for epoch in 2...3 {
            try expectGone(client.sendJSON("POST", Self.target, #"{"epoch": \#(epoch), "loss": 1}"#))
            try expectGone(client.sendJSON("POST", "/runs/new/metadata/metrics", #"{"epoch": 1, "loss": 1}"#))
            try expectGone(client.sendJSON("POST", "/runs/there/metadata/flags", #"{"a": 1}"#))
            try expectGone(client.send("PUT", "/runs/other"))
            try expectGone(client.sendEmpty("POST", "/runs/there/complete"))
            try expectGone(client.send("PUT", "/runs/there/files/a", text: "a"))
            try expectGone(client.send("GET", "/runs"))
        }
        let ready = try client.send("GET", "/ready")
        #expect(ready.status == 503)
        #expect(try ready.json["reasons"]?.array?.first?["reason"]?.string == "runs-gone")
        #expect(try client.send("GET", "/health").status == 200)
        try server.terminate()
        #expect(DirectoryTree(runs).entries.isEmpty || loss == "mv runs/.rundir moved")
    }

    /// Fails when what was acknowledged before is lost, or the server does not go on.
    @Test(arguments: ["mv runs moved", "mv runs moved; mkdir runs", "mv runs/.rundir moved"])
    func whenItIsBackAllGoesOn(_ loss: String) throws {
        let (server, client) = try start()
        try shell(loss)
        try expectGone(client.sendJSON("POST", Self.target, #"{"epoch": 2, "loss": 2}"#))
        try shell(loss.hasPrefix("mv runs/") ? "mv moved runs/.rundir" : "rm -rf runs; mv moved runs")
        #expect(try client.send("GET", "/ready").status == 200)
        #expect(try client.sendJSON("POST", Self.target, #"{"epoch": 3, "loss": 3}"#).status == 201)
        #expect(try client.send("GET", Self.target).json["epoch"]?.array?.count == 2)
        #expect(try server.terminate() == .exited(0))
        #expect(server.text("metrics.ndjson", of: "there")?.split(separator: "\n").count == 2)
    }
}
