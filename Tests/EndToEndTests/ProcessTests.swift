import Glibc
import JSON
import TestSupport
import Testing

/// The server as a process: who owns the directory, how it stops, what others do to the directory meanwhile.
@Suite struct ProcessTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        server = try Server(runs: folder.path)
        client = try server.connect()
    }

    // MARK: One owner

    @Test func secondServerOnTheSameDirectoryEndsAtOnceAndSaysWhy() throws {
        let begun = secondsNow()
        let second = try Command(Server.executable, "serve", "--port", "0", "--runs", folder.path)
        guard case .exited(let code) = second.ending else {
            Issue.record("it ended by \(second.ending)")
            return
        }
        #expect(code != 0)
        #expect(secondsNow() - begun < 10)
        #expect(second.output.isEmpty)
        #expect(second.errors.contains(folder.path), "\(second.errors)")
        #expect(second.errors.contains("another"), "\(second.errors)")
        #expect(second.errors.contains("\(server.process.id)"), "\(second.errors)")
        #expect(try client.send("PUT", "/runs/still-mine").status == 201)
    }

    @Test func directoryIsFreeOnceItsServerWasKilled() throws {
        #expect(try client.send("PUT", "/runs/left").status == 201)
        try server.crash()
        let next = try Server(runs: folder.path)
        #expect(next.greeting.hasSuffix(": 1 run"))
        #expect(try next.connect().send("GET", "/runs/left").status == 200)
    }

    // MARK: Stopping

    @Test func stoppedServerHasFrameUpToDateAndJournalEmpty() throws {
        #expect(try client.send("PUT", "/runs/rows").status == 201)
        for epoch in 0..<50 {
            let row = #"{"epoch": \#(epoch), "loss": \#(epoch).5}"#
            #expect(try client.sendJSON("POST", "/runs/rows/metadata/metrics", row).status == 201)
        }
        #expect(try server.terminate() == .exited(0), "\(server.errors)")
        let frame = try JSONValue.parse(try #require(server.file("metrics.json", of: "rows")))
        #expect(frame["epoch"]?.array?.count == 50)
        #expect(frame["loss"]?.array?.last?.number?.text == "49.5")
        for segment in DirectoryTree("\(folder.path)/.rundir/journal").entries {
            guard case .file(let bytes) = segment.value else { continue }
            #expect(bytes.allSatisfy { $0 == 0 }, "\(segment.key) holds frames")
        }
        #expect(DirectoryTree("\(folder.path)/.rundir/staging").entries.isEmpty)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func requestInFlightIsAnsweredWhenTheServerStops(signal: Int32) throws {
        #expect(try client.send("PUT", "/runs/late").status == 201)
        let body = Array(#"{"epoch": 7, "loss": 0.25}"#.utf8)
        try client.begin("POST", "/runs/late/metadata/metrics", type: "application/json", length: body.count)
        server.process.signal(signal)
        // It has begun to stop once it takes no new connection.
        #expect(eventually { (try? server.connect(timeout: 1).send("GET", "/health")) == nil })
        try client.write(body)
        #expect(try client.read().status == 201)
        #expect(try server.process.wait() == .exited(0), "\(server.errors)")
        #expect(server.text("metrics.json", of: "late") == "{\n  \"epoch\": [7],\n  \"loss\": [0.25]\n}\n")
    }

    @Test func idleConnectionsDoNotHoldUpTheEnd() throws {
        let idle = try (0..<5).map { _ in try server.connect() }
        for client in idle { #expect(try client.send("GET", "/health").status == 200) }
        let begun = secondsNow()
        #expect(try server.terminate() == .exited(0))
        #expect(secondsNow() - begun < 8)
        for client in idle { #expect(client.isClosed()) }
    }

    // MARK: What others do to the directory

    @Test func runThatWasRemovedByHandIsGone() throws {
        #expect(try client.sendJSON("PUT", "/runs/gone", #"{"flags": {"lr": 1}}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/gone/metadata/metrics", #"{"epoch": 0, "loss": 1}"#).status == 201)
        try Command.succeed("rm", "-rf", "\(folder.path)/gone")
        expectProblem(try client.send("GET", "/runs/gone"), 404)
        expectProblem(try client.send("GET", "/runs/gone/metadata/metrics"), 404)
        expectProblem(try client.send("GET", "/runs/gone/metadata/flags"), 404)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.isEmpty == true)
        // It is a run that is not initialised: what comes now waits, and nothing of the old one comes back.
        #expect(try client.sendJSON("POST", "/runs/gone/metadata/metrics", #"{"epoch": 1, "loss": 2}"#).status == 202)
        #expect(!folder.exists("gone"))
        #expect(try client.send("PUT", "/runs/gone").status == 201)
        #expect(try client.send("GET", "/runs/gone/metadata/metrics").json["epoch"]?.array?.count == 1)
        expectProblem(try client.send("GET", "/runs/gone/metadata/flags"), 404)
    }

    @Test func activeRunThatWasRemovedByHandIsActiveNoMore() throws {
        #expect(try client.send("PUT", "/runs/gone").status == 201)
        try Command.succeed("rm", "-rf", "\(folder.path)/gone")
        expectProblem(try client.send("GET", "/runs/active"), 404)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"lr": 1}"#).status == 202)
        #expect(try client.send("PUT", "/runs/next").status == 201)
        #expect(try client.send("GET", "/runs/next").json["flag_lr"]?.number?.text == "1")
    }

    @Test func runThatWasCopiedInIsServed() throws {
        #expect(try client.sendJSON("PUT", "/runs/first", #"{"flags": {"lr": 1}}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/first/metadata/metrics", #"{"epoch": 0, "loss": 1}"#).status == 201)
        try Command.succeed("cp", "-r", "\(folder.path)/first", "\(folder.path)/second")
        try Command.succeed("cp", "-r", "\(TfrunsFixture.folder)/runs/\(TfrunsFixture.runs[0])", folder.path)
        #expect(try client.send("GET", "/runs").json["runs"]?.array?.count == 3)
        #expect(try client.send("GET", "/runs/second").json["flag_lr"]?.number?.text == "1")
        #expect(try client.send("GET", "/runs/\(TfrunsFixture.runs[0])").json["flag_batch_size"]?.number?.text == "128")
        // The copy goes its own way.
        #expect(try client.sendJSON("POST", "/runs/second/metadata/metrics", #"{"epoch": 1, "loss": 2}"#).status == 201)
        #expect(try client.send("GET", "/runs/second/metadata/metrics").json["loss"]?.array?.count == 2)
        #expect(try client.send("GET", "/runs/first/metadata/metrics").json["loss"]?.array?.count == 1)
    }

    @Test func rowsGoOnInARunWhoseDirectoryWasReplaced() throws {
        #expect(try client.send("PUT", "/runs/swapped").status == 201)
        for epoch in 0..<3 {
            let row = #"{"epoch": \#(epoch), "loss": 1}"#
            #expect(try client.sendJSON("POST", "/runs/swapped/metadata/metrics", row).status == 201)
        }
        folder.write("swapped.new/tfruns.d/metrics.ndjson", "{\"epoch\":10,\"loss\":5}\n")
        try Command.succeed("rm", "-rf", "\(folder.path)/swapped")
        try Command.succeed("mv", "\(folder.path)/swapped.new", "\(folder.path)/swapped")
        let row = #"{"epoch": 11, "loss": 6}"#
        #expect(try client.sendJSON("POST", "/runs/swapped/metadata/metrics", row).status == 201)
        let frame = try client.send("GET", "/runs/swapped/metadata/metrics").json
        #expect(frame == (try JSONValue.parse(#"{"epoch":[10,11],"loss":[5,6]}"#)))
        let rows = server.text("metrics.ndjson", of: "swapped")?.replacing(/,"_time":[0-9.]+/, with: "")
        #expect(rows == "{\"epoch\":10,\"loss\":5}\n{\"epoch\":11,\"loss\":6}\n")
    }

    // MARK: The view

    @Test func frameFileIsRefreshedWithinASecondWithoutARead() throws {
        #expect(try client.send("PUT", "/runs/view").status == 201)
        var best = Double.infinity
        // On a machine that is busy one of several tries counts.
        for epoch in 0..<5 where best > 1 {
            let row = #"{"epoch": \#(epoch), "loss": 0.5}"#
            #expect(try client.sendJSON("POST", "/runs/view/metadata/metrics", row).status == 201)
            let begun = secondsNow()
            let isThere = eventually {
                let frame = server.file("metrics.json", of: "view").flatMap { try? JSONValue.parse($0) }
                return frame?["epoch"]?.array?.count == epoch + 1
            }
            if isThere { best = min(best, secondsNow() - begun) }
        }
        #expect(best <= 1)
    }

    @Test func frameFileLagsNoLongerAfterACrash() throws {
        #expect(try client.send("PUT", "/runs/view").status == 201)
        #expect(try client.sendJSON("POST", "/runs/view/metadata/metrics", #"{"epoch": 0, "loss": 0.5}"#).status == 201)
        try server.crash()
        let next = try Server(runs: folder.path)
        let isThere = eventually {
            next.text("metrics.json", of: "view") == "{\n  \"epoch\": [0],\n  \"loss\": [0.5]\n}\n"
        }
        #expect(isThere)
    }
}
