import DirectoryStore
import Glibc
import Limits
import LocalFiles
import Logging
import MetadataWriters
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import S3Artifacts
import TestSupport
import Testing

/// Run directories that are written of runs in PostgreSQL, and brought into it.
@Suite struct ExportTests {
    private let folder = TemporaryFolder()
    private static let log = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    private var directory: String { "\(folder.path)/export" }

    /// Brings all runs of a directory into a database.
    private func bring(_ runs: String, into harness: PostgresHarness) throws {
        let source = try #require(try RunsFolder(runs, log: Self.log))
        defer { source.close() }
        for item in try source.items() {
            let run = try #require(RunID(item.name))
            let intake = try harness.postgres.intake(of: run, spooling: folder.path)
            try BundleReader.copy(source.bundle(of: run, item.place), into: intake, budget: Budget([]))
            let left = try intake.finish(in: item.place)
            #expect(left == [], "\(run): \(left)")
        }
    }

    /// Exports all runs, those that are gone among them.
    /// - Returns: what was done to each, where anything was
    @discardableResult
    private func export(_ harness: PostgresHarness, removes: Bool = false) throws -> [String: RunExport.Effect] {
        let export = try RunExport(of: harness.store, into: directory)
        var query = RunQuery()
        (query.archived, query.limit) = (.included, 1000)
        let runs = try Set(harness.store.runs(query).runs.map(\.run)).union(export.written())
        var effects: [String: RunExport.Effect] = [:]
        for run in runs { effects["\(run)"] = try export.update(run, removes: removes) }
        return effects.filter { $0.value != .unchanged }
    }

    // MARK: Identity

    @Test func exportAfterImportIsTheIdentityOnWhatTfrunsWrote() throws {
        let parts = #filePath.split(separator: "/").dropLast(3)
        let fixtures = "/" + parts.joined(separator: "/") + "/EndToEndTests/Fixtures/runs"
        let harness = try PostgresHarness()
        try bring(fixtures, into: harness)
        try export(harness)
        let written = files(in: directory)
        #expect(written.count > 30)
        #expect(differences(files(in: fixtures), written) == [])
        #expect(try harness.miscounted() == "")
    }

    /// Two directions: of the same writes both stores have the same files, and what one has comes through the other.
    @Test(arguments: [1, 2, 3])
    func exportIsWhatTheStoreOfDirectoriesHasAndGoesRound(_ seed: UInt64) throws {
        let (written, imported) = (try PostgresHarness(), try PostgresHarness())
        let runs = "\(folder.path)/runs"
        var settings = StoreSettings()
        settings.indexWait = 60
        settings.clock = { [clock = written.clock] in clock.seconds }
        let directories = try DirectoryRunStore(runs: runs, settings: settings, log: Self.log)
        try GeneratedRuns.write(25, seed: seed, into: directories, directories.scratch)
        try GeneratedRuns.write(25, seed: seed, into: written.store, written.scratch)
        directories.close()
        let expected = files(in: runs)
        #expect(expected.count > 200)
        try export(written)
        #expect(differences(expected, files(in: directory)) == [])
        #expect(try export(written) == [:])

        try bring(runs, into: imported)
        #expect(try imported.miscounted() == "")
        try Files.removeTree(directory)
        try export(imported)
        #expect(differences(expected, files(in: directory)) == [])
        #expect(try imported.store.listed(archived: .included).count == 25)
    }

    @Test(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)"))
    func largeFilesGoRoundThroughTheObjectStore() throws {
        let s3 = try S3Server.shared.get()
        let objects = S3ObjectStore(try S3Settings("s3://\(s3.makeBucket())/large") { s3.variables[$0] })
        let harness = try PostgresHarness { $0.objects = objects }
        folder.write("runs/big/tfruns.d/properties/type", "training\n")
        folder.write("runs/big/model.bin", String(repeating: "0123456789abcdef", count: 20 << 16))
        folder.write("runs/big/tfruns.d/properties/output", String(repeating: "a line of output\n", count: 200_000))
        try bring("\(folder.path)/runs", into: harness)
        #expect(try harness.sql("SELECT path FROM files WHERE object IS NOT NULL") == "model.bin\n")
        #expect(try harness.sql("SELECT count(*) FROM objects") == "0\n")
        try export(harness)
        #expect(differences(files(in: "\(folder.path)/runs"), files(in: directory)) == [])
    }

    // MARK: Again

    @Test func onlyWhatHasChangedIsWrittenAgain() throws {
        let harness = try PostgresHarness()
        for run in [RunID.one, .two] { try harness.store.initialise(run, flags: #"{"a": 1}"#) }
        try harness.store.rows(.one, #"{"step": 1, "loss": 0.5}"#)
        #expect(try export(harness).count == 2)
        func inode(_ path: String) -> UInt? { Files.status("\(directory)/\(path)").map { UInt($0.st_ino) } }
        let before = (inode("one/tfruns.d/flags.json"), inode("one/tfruns.d/metrics.json"))
        try harness.store.rows(.one, #"{"step": 2, "loss": 0.25}"#)
        #expect(try export(harness) == ["one": .written(files: 2)])
        #expect(inode("one/tfruns.d/flags.json") == before.0 && inode("one/tfruns.d/metrics.json") != before.1)
        let frame = "{\n  \"step\": [1, 2],\n  \"loss\": [0.5, 0.25]\n}\n"
        #expect(folder.text("export/one/tfruns.d/metrics.json") == frame)
        #expect(try export(harness) == [:])
        // What someone has changed or removed is written again.
        folder.write("export/one/tfruns.d/flags.json", "{}")
        unlink("\(directory)/two/tfruns.d/properties/type")
        #expect(try export(harness) == ["one": .written(files: 1), "two": .written(files: 1)])
        #expect(folder.text("export/one/tfruns.d/flags.json") == #"{"a": 1}"#)
        #expect(
            try harness.store.text(.property(.type), of: .two) == folder.text("export/two/tfruns.d/properties/type"))
        try Files.removeTree("\(directory)/two")
        #expect(try export(harness).keys.sorted() == ["two"])
    }

    @Test func filesAndFoldersThatAreGoneAreRemoved() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one)
        try harness.publish(ArtifactPath("a/b/c")!, "x")
        try export(harness)
        folder.write("export/one/mine.txt", "mine")
        try harness.store.change(.one, .removeArtifact(ArtifactPath("a/b/c")!, if: { _ in true }))
        try harness.publish(ArtifactPath("a")!, "now a file")
        #expect(try export(harness) == ["one": .written(files: 2)])
        #expect(folder.text("export/one/a") == "now a file" && folder.text("export/one/mine.txt") == "mine")
    }

    @Test func aRunGoesToTheArchiveAndBack() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one)
        try export(harness)
        try harness.archive(.one)
        #expect(try export(harness) == ["one": .written(files: 0)])
        #expect(folder.exists("export/archive/one/tfruns.d/properties/start") && !folder.exists("export/one"))
        try harness.store.write(.run(.one), .restore)
        try export(harness)
        #expect(folder.exists("export/one/tfruns.d/properties/start") && !folder.exists("export/archive/one"))
    }

    @Test func aRunThatIsGoneIsRemovedIfItIsAllTheExports() throws {
        let harness = try PostgresHarness()
        for run in [RunID.one, .two] {
            try harness.store.initialise(run)
            try harness.publish(ArtifactPath("a/b")!, "x")
        }
        folder.write("export/other/tfruns.d/flags.json", "{}")
        try export(harness)
        folder.write("export/two/mine.txt", "mine")
        for run in [RunID.one, .two] { try harness.store.write(.run(run), .purge(force: true)) }
        let kept = RunExport.Effect.kept("it is gone from the store; --follow removes such directories")
        #expect(try export(harness) == ["one": kept, "two": kept])
        #expect(folder.exists("export/one/a/b"))
        #expect(
            try export(harness, removes: true) == [
                "one": .removed, "two": .kept("it has \"mine.txt\", which no export has made"),
            ])
        #expect(!folder.exists("export/one") && folder.exists("export/two/mine.txt"))
        #expect(folder.exists("export/other/tfruns.d/flags.json"))
    }

    @Test func whatNoExportHasMadeStays() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one, flags: "{}")
        folder.write("export/one/tfruns.d/flags.json", "mine")
        #expect(throws: RunExport.Refusal.self) { try export(harness) }
        #expect(folder.text("export/one/tfruns.d/flags.json") == "mine")
        try Files.removeTree("\(directory)/one")
        try export(harness)
        // A file that comes where one is already.
        folder.write("export/one/a.txt", "mine")
        try harness.publish(ArtifactPath("a.txt")!, "theirs")
        #expect(throws: RunExport.Refusal.self) { try export(harness) }
        #expect(folder.text("export/one/a.txt") == "mine")
        try harness.sql("UPDATE store SET series = 'another'")
        try harness.reopen()
        #expect(throws: RunExport.Refusal.self, "another database") { try export(harness) }
    }

    /// Fails when a link in the directory leads the export out of it.
    @Test func noLinkLeadsOut() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one, flags: "{}")
        try export(harness)
        folder.write("outside/flags.json", "safe")
        try Files.removeTree("\(directory)/one/tfruns.d")
        symlink("\(folder.path)/outside", "\(directory)/one/tfruns.d")
        #expect(throws: (any Error).self) { try export(harness) }
        unlink("\(directory)/one/tfruns.d")
        try export(harness)
        unlink("\(directory)/one/tfruns.d/flags.json")
        symlink("\(folder.path)/outside/flags.json", "\(directory)/one/tfruns.d/flags.json")
        #expect(throws: (any Error).self) { try export(harness) }
        #expect(folder.text("outside/flags.json") == "safe")
        #expect(files(in: "\(folder.path)/outside").count == 1)
    }

    @Test func pendingRunsAreLeftOut() throws {
        let harness = try PostgresHarness()
        try harness.store.change(.one, .put(.flags, "{}"))
        #expect(try RunExport(of: harness.store, into: directory).update(.one, removes: true) == .pending)
        #expect(files(in: directory) == [:])
    }
}
