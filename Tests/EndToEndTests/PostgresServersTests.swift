import Glibc
import JSON
import TestSupport
import Testing

/// `rundir serve --store postgres://…`: the same API, for several servers on one database.
@Suite struct PostgresServersTests {
    private let folder = TemporaryFolder()

    /// A server on a database that does not sync, since only processes are killed here.
    private func server(_ name: String, _ address: String, variables: [String: String] = [:]) throws -> Server {
        try Server(
            runs: "\(folder.path)/\(name)", "--store", address, "--unsynced-store", variables: variables)
    }

    private func database() throws -> String {
        let postgres = try PostgresServer.shared.get()
        return postgres.address(of: try postgres.makeDatabase())
    }

    @Test func whatOneServerWasSentTheOtherOneTells() throws {
        let address = try database()
        let servers = [try server("a", address), try server("b", address)]
        let clients = try servers.map { try $0.connect() }
        #expect(servers[0].greeting.hasSuffix("0 runs"))
        #expect(try clients[0].sendJSON("PUT", "/runs/one", #"{"flags": {"lr": 0.10}}"#).status == 201)
        #expect(
            try clients[1].sendJSON("POST", "/runs/active/metadata/metrics", #"{"epoch": 1, "loss": 0.5}"#).status
                == 201)
        #expect(try clients[0].send("GET", "/runs/one/metrics").json["loss"] == [0.5])
        #expect(try clients[1].send("GET", "/runs/one/metadata/flags").text == "{\n  \"lr\": 0.10\n}\n")
        #expect(try clients[1].send("PUT", "/runs/one/files/models/net.pt", text: "weights").status == 201)
        #expect(try clients[0].send("GET", "/runs/one/files/models/net.pt").text == "weights")
        let listed = try clients[1].send("GET", "/runs?where=flag_lr%20%3C%3D%200.1%20%26%20metric_loss%20%3D%3D%200.5")
        #expect(try listed.json["runs"]?.array?.count == 1)
        #expect(try clients[0].send("GET", "/runs/one/bundle.tar.gz").status == 200)
        #expect(try clients[1].sendEmpty("POST", "/runs/one/complete").status == 200)
        #expect(try clients[0].send("GET", "/runs/one").json["status"] == "completed")
        #expect(try clients[0].sendEmpty("POST", "/runs/one/archive").status == 200)
        #expect(try clients[1].sendEmpty("POST", "/runs/one/archive").status == 200)
        #expect(try clients[1].send("DELETE", "/runs/one").status == 204)
        #expect(try clients[0].send("GET", "/runs/one").status == 404)
    }

    @Test func anEventStreamGoesOnAtTheOtherServer() throws {
        let address = try database()
        let servers = [try server("a", address), try server("b", address)]
        let clients = try servers.map { try $0.connect() }
        #expect(try clients[0].send("PUT", "/runs/one").status == 201)
        let stream = try EventStream(try servers[0].connect(), "/runs/one/events")
        #expect(try clients[1].sendJSON("POST", "/runs/one/metadata/metrics", #"{"step": 1, "loss": 1}"#).status == 201)
        #expect(try stream.next()?.rows == [#"{"step":1,"loss":1}"#])
        try servers[0].crash()
        #expect(try clients[1].sendJSON("POST", "/runs/one/metadata/metrics", #"{"step": 2, "loss": 2}"#).status == 201)
        let resumed = try EventStream(try servers[1].connect(), "/runs/one/events", lastID: stream.lastID)
        #expect(try resumed.next()?.rows == [#"{"step":2,"loss":2}"#])
    }

    @Test func limitsHoldForAllServersTogether() throws {
        let address = try database()
        let settings = [
            "RUNDIR_MAX_RUNS": "1", "RUNDIR_MAX_RUN_BYTES": "65536", "RUNDIR_MAX_TOTAL_BYTES": "100000",
            "RUNDIR_MAX_PENDING_PER_TOKEN": "5", "RUNDIR_KEEP_PENDING": "60",
        ]
        let servers = [
            try server("a", address, variables: settings), try server("b", address, variables: settings),
        ]
        let clients = try servers.map { try $0.connect() }
        func slug(_ reply: HTTPClient.Reply) -> String? { reply.problem["type"]?.string }
        #expect(try clients[0].sendEmpty("PUT", "/runs/one").status == 201)
        #expect(slug(try clients[1].sendEmpty("PUT", "/runs/two")) == "/problems/too-many-runs")
        let file = [UInt8](repeating: 1, count: 40_000)
        #expect(try clients[0].send("PUT", "/runs/one/files/f", body: file).status == 201)
        #expect(slug(try clients[1].send("PUT", "/runs/one/files/g", body: file)) == "/problems/run-full")
        #expect(try clients[1].send("PUT", "/runs/two/files/f", body: file).status == 202)
        #expect(slug(try clients[0].send("PUT", "/runs/three/files/f", body: file)) == "/problems/runs-full")
        let counts = try clients[0].send("GET", "/metrics").text.split(separator: "\n")
        #expect(counts.contains { $0.hasPrefix("rundir_runs_bytes 80") }, "\(counts)")
        #expect(try clients[1].send("DELETE", "/runs/one?force=true").status == 204)
        #expect(try clients[0].sendEmpty("PUT", "/runs/two").status == 201)
        #expect(try clients[0].send("PUT", "/runs/two/files/g", text: "x").status == 201)
    }

    // MARK: Kills

    @Test func nothingIsLostOrDoubledWhenTheDatabaseIsKilled() throws {
        let postgres = try PostgresServer()
        let address = postgres.address(of: try postgres.makeDatabase())
        let servers = [try server("a", address), try server("b", address)]
        let client = try servers[0].connect()
        #expect(try client.send("PUT", "/runs/load").status == 201)
        let load = RowLoad(clients: 8, servers)
        for round in 1...3 {
            #expect(eventually { load.acknowledged.count > round * 200 })
            postgres.kill()
            try postgres.start()
        }
        let before = load.acknowledged.count
        #expect(eventually { load.acknowledged.count > before + 200 }, "it goes on by itself")
        try load.check(client)
        #expect(eventually { (try? client.send("GET", "/ready").status) == 200 })
    }

    @Test func nothingIsLostOrDoubledWhenServersAreKilled() throws {
        let address = try database()
        let servers = [try server("a", address), try server("b", address)]
        #expect(try servers[0].connect().send("PUT", "/runs/load").status == 201)
        let load = RowLoad(clients: 8, servers)
        for round in 1...4 {
            #expect(eventually { load.acknowledged.count > round * 200 })
            let place = round % 2
            try load.servers[place].crash()
            load.replace(place, by: try server(place == 0 ? "a" : "b", address))
        }
        try load.check(try load.servers[0].connect())
    }

    @Test func aDatabaseThatIsAwayIsToldOfAndComesBack() throws {
        let postgres = try PostgresServer()
        let server = try server("a", postgres.address(of: try postgres.makeDatabase()))
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/one").status == 201)
        postgres.kill()
        #expect(eventually { (try? client.send("GET", "/ready").status) == 503 })
        #expect(
            try client.send("GET", "/ready").json["reasons"]?.array?.first?["reason"]?.string == "store-unreachable")
        let refused = try client.sendJSON("POST", "/runs/one/metadata/metrics", #"{"step": 1, "loss": 1}"#)
        #expect(refused.status == 503, "\(refused.text)")
        #expect(try refused.json["type"]?.string == "/problems/store-unreachable")
        #expect(refused.headers["retry-after"] != nil)
        try postgres.start()
        #expect(eventually { (try? client.send("GET", "/ready").status) == 200 })
        #expect(try client.sendJSON("POST", "/runs/one/metadata/metrics", #"{"step": 2, "loss": 2}"#).status == 201)
        #expect(try client.send("GET", "/runs/one/metrics").json["loss"] == [2])
    }
}
