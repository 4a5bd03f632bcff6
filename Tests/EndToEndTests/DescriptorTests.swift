import Glibc
import JSON
import TestSupport
import Testing

/// Row 54 of ERRORS.md: the server is out of file descriptors (getrlimit(2), prlimit(1)).
@Suite struct DescriptorTests {
    private let folder = TemporaryFolder()

    /// As many as are allowed.
    private static let most: Int = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_max)
    }()

    /// How many files the server may have open from now on. Those that are open stay so.
    private func limit(_ server: Server, to count: Int) throws {
        try Command.succeed("prlimit", "--pid", "\(server.process.id)", "--nofile=\(count):")
    }

    private func expectShortage(_ reply: HTTPClient.Reply) throws {
        #expect(reply.status == 503, "\(reply.text)")
        #expect(reply.headers["retry-after"] != nil)
        #expect(try reply.json["type"]?.string == "/problems/out-of-resources")
    }

    /// No file can be opened at all: fails when a shortage is taken for a lost disk, or a refused write is there
    /// afterwards.
    @Test func aShortageRefusesWritesAndHeals() throws {
        var server = try Server(runs: folder.path)
        var client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        try limit(server, to: 3)
        // Planned before it is journaled, and found out after it.
        try expectShortage(client.sendJSON("POST", "/runs/new/metadata/metrics", #"{"epoch": 1, "loss": 1}"#))
        try expectShortage(client.sendJSON("POST", "/runs/a/metadata/flags", #"{"refused": 1}"#))
        try expectShortage(client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 1}"#))
        try expectShortage(client.send("PUT", "/runs/b"))
        try expectShortage(client.send("PUT", "/runs/a/files/x", text: "x"))
        try expectShortage(client.send("GET", "/runs/a/metadata/flags"))
        let ready = try client.send("GET", "/ready")
        #expect(ready.status == 503)
        #expect(try ready.json["reasons"]?.array?.first?["reason"]?.string == "out-of-resources")

        try limit(server, to: Self.most)
        #expect(try client.send("GET", "/ready").status == 200)
        for _ in 0..<2 {
            #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 2, "loss": 1}"#).status == 201)
            #expect(try client.send("GET", "/runs/a/metadata/metrics").json["epoch"]?.array?.count == 1)
            for target in ["/runs/new", "/runs/b", "/runs/a/metadata/flags", "/runs/a/files/x"] {
                #expect(try client.send("GET", target).status == 404, "\(target)")
            }
            // And after a crash.
            try server.crash()
            server = try Server(runs: folder.path)
            client = try server.connect()
        }
    }

    /// Fails when each file that a run takes costs a descriptor until all are taken.
    @Test func takingWhatWaitsForASessionCostsNoDescriptorEach() throws {
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        for number in 0..<200 {
            #expect(try client.send("PUT", "/runs/active/files/d/\(number)", text: "x").status == 202)
        }
        try limit(server, to: 150)
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.send("GET", "/runs/a/files/d/199").text == "x")
    }

    /// All that the server may open is open: what is held in reserve does for writes.
    @Test func writesGoOnWhileConnectionsTakeAllDescriptors() throws {
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 0, "loss": 1}"#).status == 201)
        // Descriptors are the lowest numbers that are free.
        try limit(server, to: server.openDescriptors + 2)
        for number in 1...5 {
            let row = #"{"epoch": \#(number), "loss": 1}"#
            #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", row).status == 201)
            #expect(try client.sendJSON("POST", "/runs/a/metadata/flags", #"{"a": \#(number)}"#).status == 201)
            #expect(try client.send("PUT", "/runs/b\(number)").status == 201)
            #expect(try client.sendJSON("POST", "/runs/b\(number)/metadata/metrics", row).status == 201)
        }
        try limit(server, to: Self.most)
        #expect(try client.send("GET", "/runs/a/metadata/metrics").json["epoch"]?.array?.count == 6)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.count == 6)
        #expect(try client.send("GET", "/ready").status == 200)
    }
}
