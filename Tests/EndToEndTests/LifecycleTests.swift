import Glibc
import JSON
import TestSupport
import Testing

/// How runs begin, are active, and end.
@Suite struct LifecycleTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        server = try Server(runs: folder.path)
        client = try server.connect()
    }

    // MARK: Pending

    @Test func pendingMetadataOutlivesARestartAndIsPublished() throws {
        #expect(try client.sendJSON("POST", "/runs/later/metadata/flags", #"{"lr": 0.1}"#).status == 202)
        #expect(
            try client.sendJSON("POST", "/runs/later/metadata/metrics", #"{"epoch": 0, "loss": 1.5}"#).status == 202)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/properties", #"{"note": "waits"}"#).status == 202)
        #expect(try client.send("GET", "/runs/later").json["status"]?.string == "pending")
        #expect(!folder.exists("later"))
        #expect(try server.terminate() == .exited(0))

        let next = try Server(runs: folder.path)
        let client = try next.connect()
        #expect(try client.send("GET", "/runs/later").json["status"]?.string == "pending")
        #expect(try client.sendJSON("POST", "/runs/later/metadata/metrics", #"{"epoch": 1, "loss": 1}"#).status == 202)
        #expect(try client.send("PUT", "/runs/later").status == 201)
        let run = try client.send("GET", "/runs/later").json
        #expect(run["status"]?.string == "running")
        #expect(run["flag_lr"]?.number?.text == "0.1")
        #expect(run["note"]?.string == "waits")
        #expect(try client.send("GET", "/runs/later/metadata/metrics").json["loss"]?.array?.count == 2)
        #expect(next.text("properties/note", of: "later") == "waits\n")
        #expect(DirectoryTree("\(folder.path)/.rundir/pending").entries.isEmpty)
    }

    @Test func initialisingTakesWhatTheBodySays() throws {
        let body =
            #"{"flags": {"lr": 0.5}, "properties": {"note": "n", "samples": 10}, "script": "fit.py", "type": "tuning"}"#
        let reply = try client.sendJSON("PUT", "/runs/told", body)
        #expect(reply.status == 201)
        #expect(reply.headers["location"] == "/runs/told")
        #expect(server.text("flags.json", of: "told") == "{\n  \"lr\": 0.5\n}\n")
        let expected = [
            "note": "n", "samples": "10", "script": "fit.py", "type": "tuning", "context": "remote",
            "completed": "FALSE",
        ]
        for (name, text) in expected {
            #expect(server.text("properties/\(name)", of: "told") == text + "\n", "\(name)")
        }
        let start = try #require(server.text("properties/start", of: "told").flatMap { Double($0.dropLast()) })
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        #expect(abs(start - Double(time.tv_sec)) < 60)
    }

    @Test func runThatFailedWhileItWasPendingIsFailedAndNotActive() throws {
        #expect(try client.sendJSON("POST", "/runs/early/metadata/error", #"{"message": "no"}"#).status == 202)
        #expect(try client.send("PUT", "/runs/early").status == 201)
        #expect(try client.send("GET", "/runs/early").json["status"]?.string == "failed")
        // The active run is one that has not ended.
        expectProblem(try client.send("GET", "/runs/active"), 404)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"lr": 1}"#).status == 202)
        #expect(server.text("flags.json", of: "early") == nil)
    }

    // MARK: Initialising again

    @Test func puttingTwiceIs201Then200AndGivesWhatIsGiven() throws {
        #expect(try client.sendJSON("PUT", "/runs/twice", #"{"flags": {"lr": 1}}"#).status == 201)
        let again = try client.sendJSON("PUT", "/runs/twice", #"{"flags": {"lr": 2}, "script": "other.py"}"#)
        #expect(again.status == 200)
        #expect(again.headers["location"] == nil)
        #expect(try again.json["run"]?.string == "twice" && again.json["flag_lr"] == 2)
        #expect(server.text("properties/script", of: "twice") == "other.py\n")
        let before = DirectoryTree("\(folder.path)/twice")
        #expect(try client.send("PUT", "/runs/twice").status == 200)
        #expect(DirectoryTree("\(folder.path)/twice") == before)
    }

    @Test func runsThatAreMadeInOneSecondGetDifferentIDs() throws {
        var ids: Set<String> = []
        for _ in 0..<20 {
            let reply = try client.sendEmpty("POST", "/runs")
            #expect(reply.status == 201)
            let id = try #require(try reply.json["run"]?.string)
            #expect(reply.headers["location"] == "/runs/\(id)")
            #expect(folder.exists("\(id)/tfruns.d/properties/start"))
            ids.insert(id)
        }
        #expect(ids.count == 20)
    }

    @Test func madeIDIsATimeStampThatNoPendingRunAndNoForeignDirectoryHas() throws {
        // Takes the ids of the next seconds, one half by pending metadata, the other by hand.
        var time = time_t()
        Glibc.time(&time)
        var taken: Set<String> = []
        for second in 0..<10 {
            var moment = time + second
            var parts = tm()
            gmtime_r(&moment, &parts)
            var buffer = [CChar](repeating: 0, count: 32)
            let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H-%M-%SZ", &parts)
            let id = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            taken.insert(id)
            if second % 2 == 0 {
                #expect(try client.sendJSON("POST", "/runs/\(id)/metadata/flags", #"{"mine": 1}"#).status == 202)
            } else {
                folder.write("\(id)/file", "something of someone")
            }
        }
        let id = try #require(try client.sendEmpty("POST", "/runs").json["run"]?.string)
        #expect(!taken.contains(id))
        #expect(taken.contains { id.hasPrefix($0) })
        expectProblem(try client.send("GET", "/runs/\(id)/metadata/flags"), 404)
    }

    // MARK: Sessions

    @Test func sessionsHaveActiveRunsOfTheirOwn() throws {
        #expect(try client.sendEmpty("PUT", "/runs/one", session: "a").status == 201)
        #expect(try client.sendEmpty("PUT", "/runs/two", session: "b").status == 201)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"of": "a"}"#, session: "a").status == 201)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"of": "b"}"#, session: "b").status == 201)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"of": "none"}"#).status == 202)
        #expect(try client.send("GET", "/runs/one").json["flag_of"]?.string == "a")
        #expect(try client.send("GET", "/runs/two").json["flag_of"]?.string == "b")
        // What waits in the default session is nobody else's.
        #expect(try client.sendEmpty("PUT", "/runs/three", session: "c").status == 201)
        expectProblem(try client.send("GET", "/runs/three/metadata/flags"), 404)
        #expect(try client.sendEmpty("PUT", "/runs/four").status == 201)
        #expect(try client.send("GET", "/runs/four").json["flag_of"]?.string == "none")
    }

    @Test func activeRunOutlivesARestart() throws {
        #expect(try client.sendEmpty("PUT", "/runs/kept", session: "a").status == 201)
        try server.crash()
        let next = try Server(runs: folder.path)
        let client = try next.connect()
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"lr": 1}"#, session: "a").status == 201)
        #expect(next.text("flags.json", of: "kept") == "{\n  \"lr\": 1\n}\n")
        // And one that has ended stays ended.
        #expect(try client.sendEmpty("POST", "/runs/active/complete", session: "a").status == 200)
        try next.crash()
        let last = try Server(runs: folder.path)
        #expect(
            try last.connect().sendJSON("POST", "/runs/active/metadata/flags", #"{"lr": 2}"#, session: "a").status
                == 202)
    }

    // MARK: Ending

    @Test func completeEndsTheRunAndClearsTheActiveOne() throws {
        #expect(try client.send("PUT", "/runs/done").status == 201)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/metrics", #"{"epoch": 0, "loss": 2}"#).status == 201)
        let reply = try client.sendEmpty("POST", "/runs/active/complete")
        #expect(reply.status == 200)
        #expect(try reply.json["status"]?.string == "completed")
        #expect(server.text("properties/completed", of: "done") == "TRUE\n")
        #expect(server.text("metrics.json", of: "done") == "{\n  \"epoch\": [0],\n  \"loss\": [2]\n}\n")
        expectProblem(try client.send("GET", "/runs/active"), 404)
        expectProblem(try client.sendEmpty("POST", "/runs/active/complete"), 404)
        #expect(try client.sendJSON("POST", "/runs/active/metadata/flags", #"{"next": 1}"#).status == 202)
        #expect(server.text("flags.json", of: "done") == nil)
    }

    @Test func errorEndsTheRunAndClearsTheActiveOne() throws {
        #expect(try client.send("PUT", "/runs/bad").status == 201)
        let reply = try client.sendJSON(
            "POST", "/runs/active/metadata/error", #"{"message": "no", "traceback": "f()"}"#)
        #expect(reply.status == 201)
        let run = try client.send("GET", "/runs/bad").json
        #expect(run["status"]?.string == "failed")
        #expect(run["completed"] == .bool(false))
        #expect(run["end"]?.number != nil)
        #expect(run["error_message"]?.string == "no")
        #expect(server.text("error.json", of: "bad") == "{\n  \"message\": \"no\",\n  \"traceback\": [\"f()\"]\n}\n")
        expectProblem(try client.send("GET", "/runs/active"), 404)
    }

    @Test func completingTwiceChangesNothing() throws {
        #expect(try client.send("PUT", "/runs/twice").status == 201)
        #expect(try client.sendEmpty("POST", "/runs/twice/complete").status == 200)
        let before = DirectoryTree("\(folder.path)/twice")
        #expect(try client.sendEmpty("POST", "/runs/twice/complete").status == 200)
        #expect(DirectoryTree("\(folder.path)/twice") == before)
    }

    @Test func completingAFailedRunLeavesItFailed() throws {
        #expect(try client.send("PUT", "/runs/failed").status == 201)
        #expect(try client.sendJSON("POST", "/runs/failed/metadata/error", #"{"message": "no"}"#).status == 201)
        let before = DirectoryTree("\(folder.path)/failed")
        #expect(try client.sendEmpty("POST", "/runs/failed/complete").status == 409)
        #expect(DirectoryTree("\(folder.path)/failed") == before)
    }

    @Test func errorAfterTheEndLeavesTheEndAsItIs() throws {
        #expect(try client.send("PUT", "/runs/ended").status == 201)
        #expect(try client.sendEmpty("POST", "/runs/ended/complete").status == 200)
        let end = server.text("properties/end", of: "ended")
        let reply = try client.sendJSON("POST", "/runs/ended/metadata/error", #"{"message": "late"}"#)
        #expect(reply.status == 201)
        #expect(try client.send("GET", "/runs/ended").json["status"]?.string == "failed")
        #expect(server.text("properties/end", of: "ended") == end)
        #expect(server.text("properties/completed", of: "ended") == "TRUE\n")
    }

    @Test func evaluationAfterTheEndIsWritten() throws {
        #expect(try client.send("PUT", "/runs/ended").status == 201)
        #expect(try client.sendEmpty("POST", "/runs/ended/complete").status == 200)
        #expect(try client.sendJSON("POST", "/runs/ended/metadata/evaluation", #"{"acc": 0.9712}"#).status == 201)
        let run = try client.send("GET", "/runs/ended").json
        #expect(run["eval_acc"]?.number?.text == "0.9712")
        #expect(run["status"]?.string == "completed")
    }
}
