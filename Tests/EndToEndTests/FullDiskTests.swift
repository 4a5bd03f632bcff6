import Glibc
import JSON
import TestSupport
import Testing

/// Row 52 of ERRORS.md on a small file system of its own: 507, reads go on, and writes resume by themselves.
@Suite(.enabled(if: SmallDisk.canBeMade, "needs the right to mount a tmpfs")) struct FullDiskTests {
    private static let journalSizes = [65_536, 16 << 20]
    private static let target = "/runs/there/metadata/metrics"

    private let disk: SmallDisk

    init() throws { disk = try SmallDisk(bytes: 24 << 20) }

    @Test("A full disk gives 507, and nothing is half written", arguments: journalSizes)
    func fullDiskGives507(journalSize: Int) throws {
        let server = try start(journalSize)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/there").status == 201)
        #expect(try client.sendJSON("POST", "/runs/there/metadata/flags", #"{"kept": 1}"#).status == 201)
        for epoch in 0..<10 { #expect(try post(epoch, client).status == 201) }
        #expect(try client.send("GET", Self.target).json["epoch"]?.array?.count == 10)
        // metrics.json is up to date, so nothing changes from here on but what requests change.
        let before = DirectoryTree.runs(disk.path)

        disk.fill()
        for _ in 0..<3 {
            expectProblem(try post(10, client), 507)
            expectProblem(try client.sendJSON("POST", "/runs/there/metadata/flags", #"{"other": 1}"#), 507)
            expectProblem(try client.sendJSON("PATCH", "/runs/there/metadata/flags", #"{"other": 1}"#), 507)
            expectProblem(try client.sendJSON("POST", "/runs/there/metadata/properties", #"{"other": 1}"#), 507)
            expectProblem(try client.send("PUT", "/runs/other"), 507)
            expectProblem(try client.sendEmpty("POST", "/runs/there/complete"), 507)
            expectProblem(try upload(64 << 10, server), 507)
        }
        #expect(try client.send("GET", "/runs/there").status == 200)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.count == 1)
        #expect(try client.send("GET", Self.target).json["epoch"]?.array?.count == 10)
        #expect(try client.send("GET", "/runs/there/metadata/flags").json["kept"] != nil)
        #expect(DirectoryTree.runs(disk.path).without(SmallDisk.ballast) == before)

        disk.makeRoom()
        #expect(try post(10, client).status == 201)
        #expect(try client.sendJSON("PATCH", "/runs/there/metadata/flags", #"{"other": 1}"#).status == 200)
        #expect(try upload(64 << 10, server).status == 201)
        #expect(try client.send("GET", Self.target).json["epoch"]?.array?.count == 11)
        #expect(server.text("metrics.ndjson", of: "there")?.split(separator: "\n").count == 11)
        // A view that is being refreshed is staged too, for a moment.
        #expect(eventually { DirectoryTree("\(disk.path)/.rundir/staging").entries.isEmpty })
    }

    @Test("An upload that fills the disk gets 507 and makes room again", arguments: journalSizes)
    func uploadThatFillsTheDiskGets507(journalSize: Int) throws {
        let server = try start(journalSize)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/there").status == 201)
        disk.fill(leaving: 3 << 20)
        expectProblem(try upload(6 << 20, server), 507)
        #expect(eventually { DirectoryTree("\(disk.path)/.rundir/staging").entries.isEmpty })
        #expect(server.file("source.tar.gz", of: "there") == nil)
        // A file's name is gone a little before its room is free.
        #expect(try eventually { try post(0, client).status == 201 })
        disk.makeRoom()
        #expect(try upload(2 << 20, server).status == 201)
    }

    @Test("Rows that fill the disk are all there or refused", arguments: journalSizes)
    func rowsThatFillTheDiskAreAllThereOrRefused(journalSize: Int) throws {
        var server = try start(journalSize)
        var client = try server.connect()
        #expect(try client.send("PUT", "/runs/there").status == 201)
        disk.fill(leaving: 2 << 20)
        // Wide rows, until the disk is full.
        let metrics = (0..<500).map { "\"metric_\($0)\": 0.\($0)" }.joined(separator: ", ")
        var told = 0
        var refused: HTTPClient.Reply?
        while refused == nil, told < 5000 {
            let reply = try client.sendJSON("POST", Self.target, "{\"epoch\": \(told), \(metrics)}")
            if reply.status == 201 { told += 1 } else { refused = reply }
        }
        expectProblem(try #require(refused, "\(told) rows, and there is still room"), 507)
        #expect(told > 0)
        let whole = { () throws -> Int in
            let rows = server.text("metrics.ndjson", of: "there")?.split(separator: "\n") ?? []
            return try rows.map { try #require(JSONValue.parse(String($0)).object).count == 501 }.count
        }
        #expect(try whole() == told)
        #expect(try client.send("GET", Self.target).json["epoch"]?.array?.count == told)
        // A crash while the disk is full, and room after it.
        try server.crash()
        disk.makeRoom()
        server = try start(journalSize)
        client = try server.connect()
        #expect(try whole() == told)
        #expect(try post(told, client).status == 201)
        #expect(try client.send("GET", Self.target).json["epoch"]?.array?.count == told + 1)
    }

    /// The journal holds writes that there is no room to do again.
    @Test func aServerThatIsStartedOnAFullDiskReadsAndResumesByItself() throws {
        var server = try start(16 << 20)
        var client = try server.connect()
        for run in ["other", "there"] { #expect(try client.send("PUT", "/runs/\(run)").status == 201) }
        #expect(try client.sendJSON("POST", "/runs/there/metadata/flags", #"{"text": "old"}"#).status == 201)
        let others = "/runs/other/metadata/metrics"
        #expect(try client.sendJSON("POST", others, #"{"epoch": 0, "loss": 1}"#).status == 201)
        #expect(try server.terminate() == .exited(0))
        server = try start(16 << 20)
        client = try server.connect()
        #expect(try client.sendJSON("POST", others, #"{"epoch": 1, "loss": 0.5}"#).status == 201)
        let text = String(repeating: "x", count: 300_000)
        #expect(try client.sendJSON("POST", "/runs/there/metadata/flags", #"{"text": "\#(text)"}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/waiting/metadata/flags", #"{"text": "\#(text)"}"#).status == 202)
        try server.crash()
        // As after a power cut, all of the journal has to be done again.
        unlink("\(server.runs)/.rundir/applied")
        disk.fill()

        for isFirst in [true, false] {
            // What stopped may have left some room.
            disk.fill()
            server = try start(16 << 20)
            client = try server.connect()
            #expect(try client.send("GET", "/health").status == 200)
            expectProblem(try client.send("GET", "/ready"), 503)
            #expect(try client.send("GET", others).json["epoch"]?.array?.count == 2)
            var targets = ["/runs/there", "/runs/there/metadata/flags", "/runs/there/metadata"]
            // The little that it takes may have been done since.
            if isFirst { targets.append("/runs/waiting") }
            for target in targets {
                let problem = expectProblem(try client.send("GET", target), 503)
                #expect(problem["type"]?.string == "/problems/run-behind", "\(target)")
            }
            let runs = try client.send("GET", "/runs").json["runs"]?.array ?? []
            let statuses = runs.reduce(into: [:]) { $0[$1["run"]?.string ?? ""] = $1["status"]?.string }
            #expect(statuses == ["there": "behind", "other": "running"])
            expectProblem(try client.sendJSON("POST", others, #"{"epoch": 2, "loss": 0.5}"#), 507)
            expectProblem(try client.send("PUT", "/runs/new"), 507)
            expectProblem(try upload(1 << 10, server), 507)
            // Stopped as it is, it has lost nothing.
            #expect(try server.terminate() == .exited(0))
        }
        server = try start(16 << 20)
        client = try server.connect()
        disk.makeRoom()
        #expect(try eventually { try client.send("GET", "/ready").status == 200 })
        #expect(try client.send("GET", "/runs/there/metadata/flags").json["text"]?.string == text)
        #expect(try client.send("GET", "/runs/waiting").json["status"]?.string == "pending")
        #expect(try client.sendJSON("POST", others, #"{"epoch": 2, "loss": 0.5}"#).status == 201)
        #expect(try client.send("GET", others).json["epoch"]?.array?.count == 3)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.count == 2)
    }

    private func start(_ journalSize: Int) throws -> Server {
        try Server(runs: disk.path, "--journal-size", "\(journalSize)")
    }

    private func post(_ epoch: Int, _ client: HTTPClient) throws -> HTTPClient.Reply {
        try client.sendJSON("POST", Self.target, #"{"epoch": \#(epoch), "loss": 0.5}"#)
    }

    /// Uploads a tar of so many bytes on a connection of its own.
    private func upload(_ bytes: Int, _ server: Server) throws -> HTTPClient.Reply {
        let folder = TemporaryFolder()
        folder.write("train.py", String(repeating: "x", count: bytes))
        let archive = try Command.succeed("tar", "c", "-C", folder.path, "train.py")
        return try server.connect().send(
            "POST", "/runs/there/metadata/source", type: "application/x-tar", body: archive)
    }
}
