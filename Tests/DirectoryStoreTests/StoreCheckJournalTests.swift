import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// `rundir check`: what it finds in the store's own folder, and that nobody else is at work while it mends.
@Suite struct StoreCheckJournalTests {
    private let runs: CheckedRuns
    private var folder: TemporaryFolder { runs.folder }

    init() throws { runs = try CheckedRuns() }

    private func findings(repairs: Bool = false) throws -> [String] { try runs.findings(repairs: repairs) }

    /// Fails when something that is no segment is taken for one, or removed.
    @Test func whatIsNoSegmentInTheJournalIsNamedAndLeftAlone() throws {
        for name in ["notes.txt", "cafe", "ffffffffffffffff"] { folder.write(".rundir/journal/\(name)", "mine") }
        Tree.makeDirectory("\(folder.path)/.rundir/journal/0000000000000009")
        let store = try DirectoryHarness.open(folder.path)
        try store.rows(.one, #"{"a":2}"#)
        store.close()
        let found = try findings(repairs: true)
        #expect(found.count { $0.hasPrefix(".rundir/journal/") } == 4, "\(found)")
        for name in ["notes.txt", "cafe", "ffffffffffffffff"] {
            #expect(folder.text(".rundir/journal/\(name)") == "mine")
        }
        #expect(folder.exists(".rundir/journal/0000000000000009"))
    }

    /// Fails when a server can begin before all is mended.
    @Test func whileARepairMendsNoServerBegins() throws {
        let store = try DirectoryHarness.open(folder.path)
        #expect(throws: DirectoryRunStore.OpenFailure.self) { try findings(repairs: true) }
        store.close()
        folder.write("one/tfruns.d/flags.json", "{\"a\": null}")
        var refused = 0
        _ = try StoreCheck(runs: folder.path, repairs: true) { _ in
            if (try? DirectoryHarness.open(folder.path)) == nil { refused += 1 }
        }
        #expect(refused == 1)
        try DirectoryHarness.open(folder.path).close()
    }

    @Test func whatIsPendingIsToldWithItsAge() throws {
        folder.write(".rundir/pending/waits/tfruns.d/flags.json", "{}")
        folder.write(".rundir/pending/@session/tfruns.d/flags.json", "{}")
        let check = try StoreCheck(runs: folder.path, repairs: false)
        #expect(check.pending.map(\.name).sorted() == ["@session", "waits"])
        #expect(check.pending.allSatisfy { $0.changed > 1e9 })
        #expect(check.findings.isEmpty)
    }

    @Test func anEmptyPendingFolderIsRemoved() throws {
        Tree.makeDirectory("\(folder.path)/.rundir/pending/left")
        #expect(try findings().first?.hasPrefix(".rundir/pending/left: is not a pending run") == true)
        _ = try findings(repairs: true)
        #expect(!folder.exists(".rundir/pending/left"))
    }

    @Test func whatTheJournalHoldsIsDoneByARepair() throws {
        Tree.write(
            JournalText.frame(1, [[RedoRecord("one", .put("flags.json", Array("{\"b\": 2}".utf8)))]]),
            "\(folder.path)/.rundir/journal/0000000000000001")
        #expect(try findings().first?.hasPrefix(".rundir/journal: 1 writes") == true)
        #expect(try findings(repairs: true).first?.contains("(repaired: ") == true)
        #expect(folder.text("one/tfruns.d/flags.json") == "{\"b\": 2}")
    }

    /// What a damaged journal holds may be what mends the rest: fails when a repair goes on past it.
    @Test func nothingIsRepairedBesideADamagedJournal() throws {
        var frames = JournalText.frame(1, [JournalText.write(1)]) + JournalText.frame(2, [JournalText.write(2)])
        frames[30] ^= 1
        Tree.write(frames, "\(folder.path)/.rundir/journal/0000000000000001")
        folder.write("one/tfruns.d/flags.json", "{\"a\": null}")
        let found = try findings(repairs: true)
        #expect(found.first?.hasPrefix(".rundir/journal/0000000000000001: journal segment") == true)
        #expect(found.contains { $0.hasPrefix("one/tfruns.d/flags.json: has values that break") })
        #expect(folder.text("one/tfruns.d/flags.json") == "{\"a\": null}")
        #expect(Tree.read("\(folder.path)/.rundir/journal/0000000000000001") == frames)
    }
}
