import DirectoryStore
import JSON
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// The claims of every run store, on directories.
@Suite struct DirectoryRunStoreTests {
    @Test(arguments: StoreClaim.all)
    func theStoreKeepsItsClaim(_ claim: StoreClaim) throws {
        try claim.check(DirectoryHarness())
    }

    @Test func tooManyWaitingWritesAreRefused() throws {
        let harness = try DirectoryHarness { $0.queueLimit = 2 }
        let write = RunWrite(.run(.one), .change([.rows(try .make([#"{"a":1}"#]))]))
        let replies = try harness.store.writeTogether([write, write, write])
        #expect(replies.map(\.refusal) == [nil, nil, .overloaded])
        #expect(try harness.store.refusal(of: write) == nil)
        #expect(try harness.store.frame(of: .one) == #"{"a":[1,1,1]}"#)
    }

    @Test func writesWaitUntilSomeoneCommits() throws {
        let harness = try DirectoryHarness()
        let store = harness.directoryStore
        #expect(!store.hasWaitingWrites)
        let replies = Replies(count: 1)
        store.submit(RunWrite(.run(.one), .change([.put(.flags, "{}")]))) { replies.set(0, $0) }
        #expect(store.hasWaitingWrites)
        #expect(replies.all == nil)
        store.commit()
        #expect(!store.hasWaitingWrites)
        #expect(replies.all?.count == 1)
    }

    @Test func aSecondStoreIsRefusedTheRunsDirectory() throws {
        let harness = try DirectoryHarness()
        let failure = try #require(throws: DirectoryRunStore.OpenFailure.self) {
            try DirectoryHarness.open(harness.runs)
        }
        #expect(failure.description.contains("belongs to another rundir server"))
        try harness.store.initialise(.one)
        try harness.reopen()
        #expect(harness.directoryStore.runCount() == 1)
    }

    @Test func aStoreThatCouldNotBeOpenedGivesTheLockBack() throws {
        let folder = TemporaryFolder()
        let journal = JournalText.frame(1, [JournalText.write(1)]) + JournalText.frame(2, [JournalText.write(2)])
        var damaged = journal
        damaged[30] ^= 1
        let segment = ".rundir/journal/0000000000000001"
        folder.write("\(segment)", "")
        Tree.write(damaged, "\(folder.path)/\(segment)")
        #expect(throws: DirectoryRunStore.OpenFailure.self) { try DirectoryHarness.open(folder.path) }
        Tree.write(journal, "\(folder.path)/\(segment)")
        #expect(throws: Never.self) { try DirectoryHarness.open(folder.path).close() }
    }

    @Test func runsThatSomethingElseMadeAreServed() throws {
        let harness = try DirectoryHarness()
        harness.folder.write("runs/foreign/tfruns.d/properties/start", "12.5\n")
        harness.folder.write("runs/foreign/tfruns.d/flags.json", "{\"lr\": 1}\n")
        harness.folder.write("runs/foreign/tfruns.d/metrics.json", "{\n  \"loss\": [0.5, null]\n}\n")
        harness.folder.write("runs/not-a-run/notes.txt", "")
        harness.folder.write("runs/file", "")
        let run = try #require(RunID("foreign"))
        #expect(try harness.store.listed() == ["foreign"])
        #expect(try harness.store.snapshot(of: run)?.summary.columns["metric_loss"] == 0.5)
        #expect(try harness.store.rows(run, #"{"loss":0.4}"#).effect == .written)
        #expect(try harness.store.frame(of: run) == #"{"loss":[0.5,0.4]}"#)
    }

    /// tfruns' reader passes over unknown files and folders; one odd run must not take the others with it.
    @Test(arguments: ["properties/folder/x", "flags.json/x", "evaluation.json/x", "metrics.ndjson/x", "metrics.json/x"])
    func aFolderWhereAFileBelongsDoesNotBreakTheListing(_ path: String) throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        harness.folder.write("runs/odd/tfruns.d/properties/start", "12.5\n")
        harness.folder.write("runs/odd/tfruns.d/\(path)", "x")
        #expect(try harness.store.listed() == ["one", "odd"])
    }

    @Test func theLayoutOnDiskIsTheContracts() throws {
        let harness = try DirectoryHarness()
        try harness.store.rows(.two, #"{"a":1}"#)
        #expect(harness.folder.exists("runs/.rundir/pending/two/tfruns.d/metrics.ndjson"))
        try harness.store.write(.active(.other), .change([.put(.flags, "{}")]))
        #expect(harness.folder.exists("runs/.rundir/pending/@other/tfruns.d/flags.json"))
        try harness.store.initialise(.two, session: .other)
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
        #expect(harness.folder.text("runs/.rundir/sessions/other") == "two\n")
        #expect(harness.onDisk(.property(.type), of: .two) == "training\n")
        #expect(harness.onDisk(.flags, of: .two) == "{}")
        #expect(harness.onDisk(.metricsRows, of: .two) == "{\"a\":1}\n")
        harness.close()
        #expect(harness.onDisk(.metricsFrame, of: .two) == "{\n  \"a\": [1]\n}\n")
        #expect(Tree.names("\(harness.runs)/.rundir/staging").isEmpty)
    }
}
