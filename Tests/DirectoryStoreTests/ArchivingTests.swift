import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// Archiving in directories: crashes, and what stands in the way.
@Suite struct ArchivingTests {
    private let harness: DirectoryHarness

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: "{}")
    }

    private func write(_ action: RunWrite.Action) throws { try harness.store.write(.run(.one), action) }

    private var place: String {
        ["runs/one", "runs/archive/one", "runs/.rundir/pending/one"]
            .filter { harness.folder.exists("\($0)/tfruns.d/flags.json") }.joined(separator: " ")
    }

    @Test func aRunGoesWithAllThatItHas() throws {
        harness.folder.write("runs/one/model.bin", "x")
        try write(.archive)
        #expect(place == "runs/archive/one")
        #expect(harness.folder.exists("runs/archive/one/model.bin"))
        try write(.restore)
        #expect(place == "runs/one")
        #expect(harness.folder.exists("runs/one/model.bin"))
    }

    /// A run may have very many files: fails when those of one that was purged are kept until the next checkpoint.
    @Test func whatWasPurgedIsEmptiedSoon() throws {
        harness.folder.write("runs/one/deep/model.bin", "x")
        try write(.purge(force: true))
        #expect(!harness.folder.exists("runs/one"))
        // The folder itself says, until then, that it was deleted.
        let isEmptied = eventually(within: 30) {
            let staged = DirectoryTree("\(harness.runs)/.rundir/staging")
            return staged.entries.count == 1 && staged.files.isEmpty
        }
        #expect(isEmptied)
    }

    /// Each step done again on what a crash leaves, wherever the run stands.
    @Test(arguments: [1, 2, 3, 4], [0, 1, 2])
    func recoveryEndsWhereTheWritesEnded(moves: Int, undone: Int) throws {
        for number in 0..<moves { try write(number.isMultiple(of: 2) ? .archive : .restore) }
        let end = place
        try harness.crash {
            // As if the last renames had not reached the disk.
            for number in (max(0, moves - undone)..<moves).reversed() {
                let (from, to) = number.isMultiple(of: 2) ? ("archive/one", "one") : ("one", "archive/one")
                Tree.rename("\(harness.runs)/\(from)", to: "\(harness.runs)/\(to)")
            }
        }
        #expect(place == end)
        #expect(try harness.store.listed().count == (moves.isMultiple(of: 2) ? 1 : 0))
    }

    /// Moved by hand after it was initialised: that stays, though the journal tells of its initialising.
    @Test func recoveryLeavesARunThatWasArchivedByHand() throws {
        try harness.crash { harness.archive(.one) }
        #expect(place == "runs/archive/one")
    }

    @Test func aRunIsNotArchivedOverAnother() throws {
        harness.folder.write("runs/archive/one/tfruns.d/properties/start", "1\n")
        #expect(throws: StoreError.placeTaken(.one, archive: true)) { try write(.archive) }
        #expect(harness.folder.exists("runs/one/tfruns.d/flags.json"))
        #expect(throws: StoreError.placeTaken(.one, archive: false)) { try write(.restore) }
        #expect(try harness.store.listed() == ["one"])
    }

    /// Something without metadata, which is no run, is not mixed with one either.
    @Test func aRunIsNotRestoredIntoSomethingElse() throws {
        try write(.archive)
        harness.folder.write("runs/one/mine.txt", "x")
        #expect(throws: StoreError.placeTaken(.one, archive: false)) { try write(.restore) }
        #expect(place == "runs/archive/one")
    }
}
