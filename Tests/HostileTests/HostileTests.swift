import Glibc
import JSON
import TestSupport
import Testing

/// A few hundred clients that mean harm, or are broken, against one server: after each it serves all others as before,
/// and in the end it holds nothing more than it did.
///
/// `RUNDIR_ATTACKS=archive` in the environment makes only those whose names contain that.
@Suite struct HostileTests {
    private let folder = TemporaryFolder()
    private let writers = TemporaryFolder()
    private let server: Server

    init() throws {
        writers.write("notes.json", #"{"store": "list", "path": "notes.json"}"#)
        writers.write("samples.json", #"{"store": "rows", "path": "samples.ndjson"}"#)
        writers.write("sums.json", #"{"store": "json", "path": "sums.json", "schema": {"type": "object"}}"#)
        server = try Server(
            runs: "\(folder.path)/runs", "--max-body", "\(4 << 20)", "--max-upload", "\(64 << 20)", "--writers",
            writers.path)
        try Self.warmUp(server)
    }

    @Test func afterAllAttacksTheServerIsAsBefore() throws {
        let before = Footprint(of: server)
        var canary = Canary()
        let chosen = getenv("RUNDIR_ATTACKS").map { String(cString: $0) }
        let attacks = try Attack.all.filter { attack in chosen.map { attack.name.contains($0) } ?? true }
        #expect(!attacks.isEmpty)
        for attack in attacks {
            if chosen != nil { print(attack.name, Footprint(of: server)) }
            var fault: String?
            do { try attack.run(server) } catch { fault = "\(error)" }
            #expect(fault == nil, "\(attack.name)")
            guard !server.process.hasEnded else {
                _ = Issue.record("\(attack.name): the server has ended")
                return
            }
            let harm = canary.sing(to: server)
            #expect(harm == nil, "after \(attack.name)")
        }
        #expect(try canary.rowsAreThere(on: server))
        // What is purged leaves staging at the next checkpoint, once a minute, made by a thread of idle priority.
        let isAsBefore = eventually(within: 240) { Footprint(of: server).excess(over: before).isEmpty }
        let now = Footprint(of: server)
        let staged = DirectoryTree("\(server.runs)/.rundir/staging").entries
        #expect(isAsBefore, "before: \(before); now: \(now); more: \(now.excess(over: before)); staged: \(staged)")
        #expect(try server.connect().send("GET", "/ready").status == 200)
        #expect(try server.terminate() == .exited(0), "\(server.errors.suffix(2000))")
        #expect(!server.errors.utf8.contains { $0 < 32 && $0 != UInt8(ascii: "\n") }, "control characters in the log")
        let check = try Command(Server.executable, "check", "--runs", server.runs)
        #expect(check.ending == .exited(0), "\(String(decoding: check.output, as: UTF8.self).suffix(2000))")
    }

    /// Asks for a little of everything, so that what is made once is there before anything is counted.
    private static func warmUp(_ server: Server) throws {
        let client = try server.connect()
        for run in ["victim", "canary", "other"] { #expect(try client.sendEmpty("PUT", "/runs/\(run)").status == 201) }
        let source = try Command.succeed("tar", "cz", "-C", "\(server.runs)/..", "--exclude", ".rundir", "runs")
        for number in 0..<40 {
            let client = try server.connect()
            _ = try client.send("POST", "/runs/victim/metadata/source", type: "application/gzip", body: source)
            _ = try client.send("PUT", "/runs/victim/files/model", body: [UInt8](repeating: 7, count: 3 << 20))
            _ = try client.sendJSON("POST", "/runs/victim/metadata/metrics", #"{"step": \#(number), "loss": 0.5}"#)
            _ = try client.sendJSON("POST", "/runs/canary/metadata/metrics", #"{"step": -1, "loss": 1}"#)
            for target in ["/runs", "/runs/victim", "/runs/victim/bundle.tar.gz", "/runs/victim/metrics?points=9"] {
                #expect(try client.send("GET", target).status == 200)
            }
        }
    }
}

/// An ordinary client, which is served whatever others do.
private struct Canary {
    private var rows = 0

    /// Writes a row and reads.
    /// - Returns: what went wrong
    mutating func sing(to server: Server) -> String? {
        do {
            let client = try server.connect(timeout: 30)
            let row = try client.sendJSON("POST", "/runs/canary/metadata/metrics", #"{"step": \#(rows), "loss": 1}"#)
            guard row.status == 201 else { return "a row got \(row.status): \(row.text)" }
            rows += 1
            for target in ["/health", "/ready", "/runs?limit=2", "/runs/canary"] {
                let reply = try client.send("GET", target)
                guard reply.status == 200 else { return "\(target) got \(reply.status): \(reply.text)" }
            }
            return nil
        } catch { return "\(error)" }
    }

    /// Whether every row that was acknowledged is there, and no other.
    func rowsAreThere(on server: Server) throws -> Bool {
        let frame = try server.connect().send("GET", "/runs/canary/metadata/metrics").json
        return frame["step"]?.array == (-1..<rows).map { .number(JSONNumber($0)) }
    }
}
