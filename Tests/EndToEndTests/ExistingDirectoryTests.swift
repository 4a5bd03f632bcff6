import JSON
import TestSupport
import Testing

/// A directory that has only `metrics.json`, as tfruns writes it, is taken up from there.
@Suite struct ExistingDirectoryTests {
    private static let run = "2026-01-05T10-00-00Z"
    private static let rowTarget = "/runs/\(run)/metadata/metrics"

    private let folder = TemporaryFolder()

    init() throws {
        try Command.succeed("cp", "-r", "\(TfrunsFixture.folder)/runs/\(Self.run)", folder.path)
    }

    /// The fixture has two of five epochs, and no column that says which.
    private static func expectThirdEpoch(in frame: JSONValue, sourceLocation: SourceLocation = #_sourceLocation) {
        let loss = frame["loss"]?.array?.prefix(3).compactMap { $0.number?.text }
        let accuracy = frame["val_acc"]?.array?.prefix(3).compactMap { $0.number?.text }
        #expect(loss == ["0.423", "0.201", "0.15"], sourceLocation: sourceLocation)
        #expect(accuracy == ["0.949", "0.964", "0.97"], sourceLocation: sourceLocation)
        let rest = frame["loss"]?.array?.dropFirst(3) ?? []
        #expect(rest.allSatisfy { $0 == .null }, sourceLocation: sourceLocation)
    }

    @Test(
        "The first row goes behind the epochs that have run",
        arguments: [
            #"{"loss": 0.15, "acc": 0.95, "val_loss": 0.11, "val_acc": 0.97}"#,
            #"{"epoch": 2, "loss": 0.15, "acc": 0.95, "val_loss": 0.11, "val_acc": 0.97}"#,
        ])
    func firstRowGoesBehindTheEpochsThatHaveRun(row: String) throws {
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        #expect(server.text("metrics.ndjson", of: Self.run) == nil)
        #expect(try client.sendJSON("POST", Self.rowTarget, row).status == 201)
        Self.expectThirdEpoch(in: try client.send("GET", Self.rowTarget).json)
        let lines = server.text("metrics.ndjson", of: Self.run)?.split(separator: "\n") ?? []
        #expect(lines.count == 3)
        #expect(try client.send("GET", "/runs/\(Self.run)").json["metric_val_acc"]?.number?.text == "0.97")
    }

    @Test func whatTfrunsWroteOutlivesACrashAfterTheFirstRow() throws {
        let row = #"{"loss": 0.15, "acc": 0.95, "val_loss": 0.11, "val_acc": 0.97}"#
        var server = try Server(runs: folder.path)
        #expect(try server.connect().sendJSON("POST", Self.rowTarget, row).status == 201)
        try server.crash()
        server = try Server(runs: folder.path)
        Self.expectThirdEpoch(in: try server.connect().send("GET", Self.rowTarget).json)
    }

    @Test func lateMetricMergesIntoAnEpochThatTfrunsWrote() throws {
        let run = "with-epochs"
        folder.write("\(run)/tfruns.d/metrics.json", "{\n  \"epoch\": [1, 2],\n  \"loss\": [0.5, 0.25]\n}\n")
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        let target = "/runs/\(run)/metadata/metrics"
        #expect(try client.sendJSON("POST", target, #"{"epoch": 1, "val_loss": 0.75}"#).status == 201)
        #expect(try client.sendJSON("POST", target, #"{"epoch": 3, "loss": 0.125}"#).status == 201)
        let frame = try client.send("GET", target).json
        #expect(
            frame == (try JSONValue.parse(#"{"epoch":[1,2,3],"loss":[0.5,0.25,0.125],"val_loss":[0.75,null,null]}"#)))
    }

    @Test func metricsFileThatIsNoFrameIsLeftAsItIs() throws {
        let run = "not-a-frame"
        folder.write("\(run)/tfruns.d/metrics.json", "half a fil")
        let server = try Server(runs: folder.path)
        let reply = try server.connect().sendJSON("POST", "/runs/\(run)/metadata/metrics", #"{"loss": 1}"#)
        expectProblem(reply, 409)
        #expect(server.text("metrics.json", of: run) == "half a fil")
        #expect(server.text("metrics.ndjson", of: run) == nil)
    }

    @Test func runOfTfrunsIsServedWithoutBeingTouched() throws {
        let before = DirectoryTree("\(folder.path)/\(Self.run)")
        let server = try Server(runs: folder.path)
        #expect(server.greeting.hasSuffix(": 1 run"))
        let client = try server.connect()
        #expect(try client.send("GET", "/runs/\(Self.run)").json["status"]?.string == "completed")
        #expect(try client.send("GET", Self.rowTarget).body == before["tfruns.d/metrics.json"])
        #expect(try client.send("PUT", "/runs/\(Self.run)").status == 200)
        #expect(try server.terminate() == .exited(0))
        #expect(DirectoryTree("\(folder.path)/\(Self.run)") == before)
    }
}
