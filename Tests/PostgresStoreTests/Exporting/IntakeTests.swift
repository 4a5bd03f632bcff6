import Glibc
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// Runs that are brought into PostgreSQL: whole, or not at all.
@Suite struct IntakeTests {
    private let folder = TemporaryFolder()

    /// Brings a run in.
    /// - Returns: what was left out
    @discardableResult
    private func bring(
        _ files: [(path: String, text: String, modified: Int)], as run: RunID = .one, in place: RunPlace = .initialised,
        _ harness: PostgresHarness
    ) throws -> [String] {
        let intake = try harness.postgres.intake(of: run, spooling: folder.path)
        for file in files { try add(file.path, file.text, file.modified, to: intake) }
        return try intake.finish(in: place)
    }

    private func add(_ path: String, _ text: String, _ modified: Int = 100, to intake: any RunIntake) throws {
        try intake.addFile(path, mode: 0o644, modified: modified) { write in
            try Array(text.utf8).withUnsafeBytes { try write($0) }
        }
    }

    private static let some = [(path: "tfruns.d/flags.json", text: "{}", modified: 100)]

    @Test func aRunThatIsThereIsNotReplaced() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one, flags: #"{"a":1}"#)
        try harness.store.change(.two, .put(.flags, "{}"))
        try harness.store.initialise(.three)
        try harness.archive(.three)
        for (run, kind) in [(RunID.one, "a run"), (.two, "a pending run"), (.three, "an archived run")] {
            let refusal = #expect(throws: IntakeRefusal.self) { try bring(Self.some, as: run, harness) }
            #expect(refusal?.isThere == true && refusal?.description.contains(kind) == true)
        }
        #expect(try harness.store.text(.flags, of: .one) == #"{"a":1}"#)
    }

    /// The run appears at another server while this one comes.
    @Test func ofTwoThatBringOneRunOneDoes() throws {
        let harness = try PostgresHarness()
        let intake = try harness.postgres.intake(of: .one, spooling: folder.path)
        try add("tfruns.d/flags.json", "{}", to: intake)
        try harness.store.initialise(.one, flags: #"{"a":1}"#)
        #expect(throws: IntakeRefusal.self) { try intake.finish(in: .initialised) }
        #expect(try harness.store.text(.flags, of: .one) == #"{"a":1}"#)
        #expect(try harness.miscounted() == "")
    }

    @Test func whatIsNotFinishedLeavesNothing() throws {
        let harness = try PostgresHarness()
        do {
            let intake = try harness.postgres.intake(of: .one, spooling: folder.path)
            try add("tfruns.d/flags.json", String(repeating: "x", count: 6 << 20), to: intake)
        }
        #expect(throws: IntakeRefusal.self, "no metadata") { try bring([("a", "x", 1)], harness) }
        #expect(throws: IntakeRefusal.self, "within a row") {
            try bring([("tfruns.d/metrics.ndjson", "{\"step\":1}\n{\"st", 1)], harness)
        }
        #expect(throws: IntakeRefusal.self, "a control character") {
            try bring(Self.some + [("a\u{1}", "", 1)], harness)
        }
        let large = String(repeating: "x", count: 16 << 20 + 1)
        let refusal = #expect(throws: IntakeRefusal.self) { try bring(Self.some + [("model", large, 1)], harness) }
        #expect(refusal?.description.contains("--artifacts") == true)
        #expect(try harness.store.snapshot(of: .one) == nil)
        #expect(try eventually { try harness.sql("SELECT count(*) FROM pieces") == "0\n" })
        // What is appended to may have any size.
        try bring([("tfruns.d/properties/output", large, 1)], harness)
        #expect(try harness.store.file(.output, of: .one)?.size == 16 << 20 + 1)
        #expect(try harness.miscounted() == "")
    }

    @Test func aRunGoesOnWhereItWas() throws {
        let harness = try PostgresHarness()
        try bring(
            [
                ("tfruns.d/metrics.ndjson", "{\"step\":1,\"loss\":0.5}\n", 200),
                ("tfruns.d/properties/start", "100\n", 100),
                ("tfruns.d/metrics.json", "{\n  \"step\": [1],\n  \"loss\": [0.5]\n}\n", 199),
            ], harness)
        try harness.store.rows(.one, #"{"step":2,"loss":0.25,"acc":1}"#)
        #expect(try harness.store.frame(of: .one) == #"{"step":[1,2],"loss":[0.5,0.25],"acc":[null,1]}"#)
        #expect(try harness.store.text(.metricsRows, of: .one)?.split(separator: "\n").count == 2)
        #expect(try harness.store.listed(where: "metric_loss == 0.25") == ["one"])
        #expect(try harness.miscounted() == "")
    }

    @Test func aFrameThatIsNotOfTheRowsCounts() throws {
        let harness = try PostgresHarness()
        let rows = (path: "tfruns.d/metrics.ndjson", text: "{\"step\":1,\"loss\":0.5}\n", modified: 100)
        let frame = (path: "tfruns.d/metrics.json", text: #"{"loss": [7]}"#, modified: 100)
        let left = try bring([rows, frame], harness)
        #expect(left.count == 1 && left[0].contains("metrics.1.ndjson"))
        #expect(try harness.store.text(.metricsFrame, of: .one) == #"{"loss": [7]}"#)
        #expect(try harness.store.text(.earlierMetricsRows, of: .one) == rows.text)
        // An older one is made of rows that came later.
        #expect(try bring([frame, (rows.path, rows.text, 101)], as: .two, harness) == [])
        #expect(try harness.store.frame(of: .two) == #"{"step":[1],"loss":[0.5]}"#)
        // One that lags, of the same second.
        let two = rows.text + "{\"step\":2,\"loss\":0.25}\n"
        let lagging = (path: frame.path, text: #"{"step": [1], "loss": [0.5]}"#, modified: 100)
        #expect(try bring([lagging, (rows.path, two, 100)], as: .three, harness) == [])
        #expect(try harness.store.frame(of: .three) == #"{"step":[1,2],"loss":[0.5,0.25]}"#)
        #expect(try harness.miscounted() == "")
    }

    @Test func whatTheDatabaseHasNoPlaceForIsSaid() throws {
        let harness = try PostgresHarness()
        let intake = try harness.postgres.intake(of: .one, spooling: folder.path)
        for folder in ["tfruns.d", "a", "a/b", "empty"] { try intake.addFolder(folder, modified: 1) }
        try add("a/b/c", "x", to: intake)
        let left = try intake.finish(in: .archived)
        #expect(left == ["the folder \"empty\", which is empty"])
        #expect(try harness.store.snapshot(of: .one)?.status == .archived)
    }

    /// Those who watch learn of it.
    @Test func theChangeIsTold() throws {
        let harness = try PostgresHarness()
        let feed = harness.store.changes
        feed.watch(true)
        try bring(Self.some, in: .archived, harness)
        var kinds: [String] = []
        #expect(
            eventually {
                kinds += feed.take().changes.map { "\($0.change.kind)" }
                return kinds.count >= 2
            })
        #expect(kinds == ["initialised", "archived"])
    }
}
