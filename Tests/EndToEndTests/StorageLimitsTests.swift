import JSON
import TestSupport
import Testing

/// Limits of what runs may take, as settings of a server.
@Suite struct StorageLimitsTests {
    private let folder = TemporaryFolder()
    private var runs: String { "\(folder.path)/runs" }

    private func slug(_ reply: HTTPClient.Reply) -> String? { reply.problem["type"]?.string }

    @Test func limitsAreSettings() throws {
        let server = try Server(
            runs: runs, "--max-runs", "1", "--max-run-bytes", "65536", variables: ["RUNDIR_MAX_COLUMNS": "10"])
        let client = try server.connect()
        #expect(try client.sendEmpty("PUT", "/runs/a").status == 201)
        #expect(slug(try client.sendEmpty("PUT", "/runs/b")) == "/problems/too-many-runs")
        let large = try server.connect()
        let announced = [("Expect", "100-continue"), ("Content-Length", "65537")]
        try large.write(HTTPClient.request("PUT", "/runs/a/files/f", headers: announced))
        #expect(try large.read(takesInformational: true).status == 413, "before it is sent")
        let file = [UInt8](repeating: 1, count: 40_000)
        #expect(try client.send("PUT", "/runs/a/files/f", body: file).status == 201)
        #expect(slug(try client.send("PUT", "/runs/a/files/g", body: file)) == "/problems/run-full")
        let names = (0..<10).map { "\"m\($0)\":1" }.joined(separator: ",")
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", "{\(names)}").status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"m10": 1}"#).status == 422)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"m9": 1}"#).status == 201)
    }

    @Test(arguments: [
        ("--max-runs", "-1"), ("--max-run-bytes", "1"), ("--max-total-bytes", "65535"),
        ("--max-pending-per-token", "-5"),
        ("--keep-pending", "59"), ("--max-event-readers", "0"), ("--max-event-backlog", "100"),
    ])
    func settingOutsideOfItsRangeIsRefused(option: String, value: String) throws {
        let command = try Command(arguments: [Server.executable, "serve", "--runs", runs, "\(option)=\(value)"])
        #expect(command.ending == .exited(64))
        #expect(command.errors.contains("\(option) is \(value); it has to be from"), "\(command.errors)")
    }

    /// Fails when only what comes by requests counts, or a run that is full stays so whatever others remove.
    @Test func whatOthersAddAndRemoveCountsToo() throws {
        folder.write("runs/a/tfruns.d/properties/type", "training\n")
        folder.write("runs/a/model", String(repeating: "x", count: 90_000))
        folder.write("runs/archive/b/tfruns.d/properties/type", "training\n")
        folder.write("runs/archive/b/model", String(repeating: "x", count: 90_000))
        let server = try Server(runs: runs, "--max-run-bytes", "100000", "--max-total-bytes", "200000")
        let client = try server.connect()
        let file = [UInt8](repeating: 1, count: 20_000)
        #expect(slug(try client.send("PUT", "/runs/a/files/f", body: file)) == "/problems/run-full")
        // Once all runs were looked at.
        #expect(try eventually { slug(try client.send("PUT", "/runs/c/files/f", body: file)) == "/problems/runs-full" })
        try Command.succeed("rm", "\(runs)/a/model")
        #expect(try eventually { try client.send("PUT", "/runs/a/files/f", body: file).status == 201 })
        #expect(try eventually { try client.send("PUT", "/runs/c/files/f", body: file).status / 100 == 2 })
        try Command.succeed("rm", "-r", "\(runs)/archive/b")
        let more = [UInt8](repeating: 1, count: 90_000)
        #expect(try eventually { try client.send("PUT", "/runs/d/files/f", body: more).status == 202 })
    }

    /// Fails when what was acknowledged goes without a word, or what is young goes.
    @Test func whatHasWaitedForTooLongIsDroppedAndTheLogSaysSo() throws {
        do {
            let server = try Server(runs: runs)
            let client = try server.connect()
            for run in ["old", "young"] {
                #expect(try client.sendJSON("POST", "/runs/\(run)/metadata/flags", #"{"a": 1}"#).status == 202)
            }
            #expect(try client.send("PUT", "/runs/touched/files/f", text: "x").status == 202)
            #expect(try server.terminate() == .exited(0))
        }
        let pending = "\(runs)/.rundir/pending"
        try Command.succeed(
            "sh", "-c", "find \(pending)/old \(pending)/touched/tfruns.d -exec touch -d '3 days ago' {} +")
        let server = try Server(runs: runs, "--keep-pending", "86400")
        let client = try server.connect()
        #expect(try eventually { try client.send("GET", "/runs/old").status == 404 })
        #expect(eventually { server.errors.contains("dropped what waited for the run old") }, "\(server.errors)")
        for run in ["young", "touched"] { #expect(try client.send("GET", "/runs/\(run)").status == 200, "\(run)") }
        let counts = try client.send("GET", "/metrics").text.split(separator: "\n")
        #expect(counts.contains("rundir_pending_dropped_total 1"))
    }
}
