import Glibc
import JSON
import TestSupport
import Testing

/// A disk of the database that is full: 507, reads go on, nothing that was acknowledged is lost, and writes resume by
/// themselves.
@Suite(.enabled(if: SmallDisk.canBeMade, "needs the right to mount a tmpfs")) struct PostgresFaultsTests {
    private let folder = TemporaryFolder()
    private let disk: SmallDisk

    init() throws {
        disk = try SmallDisk(bytes: 32 << 20)
        PostgresServer.giveToUser(disk.path)
    }

    private func server(_ address: String) throws -> Server {
        try Server(runs: "\(folder.path)/runs", "--store", address, "--unsynced-store")
    }

    private func reasons(_ client: HTTPClient) throws -> [String] {
        try client.send("GET", "/ready").json["reasons"]?.array?.compactMap { $0["reason"]?.string } ?? []
    }

    @Test func aFullDiskOfTheDatabaseGives507AndHeals() throws {
        let postgres = try PostgresServer()
        let space = "\(disk.path)/space"
        mkdir(space, 0o700)
        PostgresServer.giveToUser(space)
        try postgres.sql("CREATE TABLESPACE small LOCATION '\(space)'")
        let server = try server(postgres.address(of: try postgres.makeDatabase(tablespace: "small")))
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/there").status == 201)
        #expect(try client.sendJSON("POST", "/runs/there/metadata/metrics", #"{"epoch": 1, "loss": 1}"#).status == 201)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.count == 1)
        disk.fill()
        // What has room in a page that is there is stored.
        var stored: [Int] = []
        var refused: HTTPClient.Reply?
        func body(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(number), count: 200_000) }
        while refused == nil, stored.count < 100 {
            let number = stored.count
            let reply = try client.send("PUT", "/runs/there/files/f\(number)", body: body(number))
            if reply.status == 201 { stored.append(number) } else { refused = reply }
        }
        let problem = expectProblem(try #require(refused, "there is still room"), 507)
        #expect(problem["type"]?.string == "/problems/disk-full")
        #expect(problem["detail"]?.string?.contains("database") == true, "\(problem)")
        // It stays so, though nobody writes.
        #expect(try eventually { try reasons(client) == ["disk-full"] })
        expectProblem(try client.send("PUT", "/runs/there/files/other", body: body(0)), 507)
        #expect(try client.send("GET", "/runs/there/files/f\(stored.count)").status == 404)
        #expect(try client.send("GET", "/runs/there/metadata/metrics").json["loss"] == [1])
        for number in stored {
            #expect(try client.send("GET", "/runs/there/files/f\(number)").body == body(number))
        }
        disk.makeRoom()
        #expect(try eventually { try client.send("GET", "/ready").status == 200 })
        #expect(try client.send("PUT", "/runs/there/files/other", body: body(7)).status == 201)
        #expect(try client.send("GET", "/runs/there/files/other").body == body(7))
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.count == 1)
        try server.terminate()
        postgres.kill()
    }

    /// Without room for its log (WAL), PostgreSQL ends, and starts again and again.
    @Test func aFullDiskOfTheDatabasesLogLosesNothingAndHeals() throws {
        let postgres = try PostgresServer(
            "wal_recycle=off",
            options: ["--waldir=\(disk.path)/wal", "--wal-segsize=1"])
        let server = try server(postgres.address(of: try postgres.makeDatabase()))
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/load").status == 201)
        let load = RowLoad(clients: 4, [server])
        #expect(eventually { load.acknowledged.count > 100 })
        // Again and again, since what recovery removes makes room.
        let isAway = eventually {
            disk.fill()
            return (try? client.send("GET", "/ready").status) == 503
        }
        #expect(isAway)
        disk.makeRoom()
        let before = load.acknowledged.count
        #expect(eventually { load.acknowledged.count > before + 100 }, "it goes on by itself")
        try load.check(client)
        #expect(eventually { (try? client.send("GET", "/ready").status) == 200 })
        try server.terminate()
        postgres.kill()
    }
}
