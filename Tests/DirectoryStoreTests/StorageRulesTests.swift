import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// The rules of `Journal` and DESIGN.md's "durable means durable". Each test names the rule whose removal it notices.
@Suite struct StorageRulesTests {
    private func put(_ run: RunID, _ text: String) -> RunWrite { RunWrite(.run(run), .change([.put(.flags, text)])) }
    private func row(_ run: RunID, _ number: Int) throws -> RunWrite {
        RunWrite(.run(run), .change([.rows(try .make(["{\"a\":\(number)}"]))]))
    }

    private func segment(_ harness: DirectoryHarness) throws -> String {
        "\(harness.runs)/.rundir/journal/\(try #require(Tree.names("\(harness.runs)/.rundir/journal").last))"
    }

    /// Rule 1 (journal before apply): fails when steps are done before their frame is written.
    @Test func whatTheJournalHasNoRoomForIsNotApplied() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: "old")
        try harness.store.rows(.one, #"{"a":1}"#)
        try Descriptors.redirect(segment(harness), to: Descriptors.full) {
            let replies = try harness.store.writeTogether([
                put(.one, "new"), row(.one, 2), put(.two, "new"), row(.two, 1),
            ])
            for reply in replies {
                guard case .diskFull? = reply.refusal else {
                    Issue.record("not refused for want of room: \(reply)")
                    continue
                }
            }
        }
        #expect(harness.onDisk(.flags) == "old")
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n")
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
        // Writes resume by themselves.
        try harness.store.rows(.one, #"{"a":3}"#)
        #expect(try harness.store.frame(of: .one) == #"{"a":[1,3]}"#)
        try harness.crash()
        #expect(harness.onDisk(.flags) == "old")
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n{\"a\":3}\n")
    }

    /// Rules 1 and 5: fails when steps are done before the frame is on the disk, or when a write that failed is tried
    /// again.
    @Test func afterAFailedSyncNoWriteIsTakenUntilARestart() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: "old")
        #expect(harness.directoryStore.failure == nil)
        try Descriptors.redirect(segment(harness), to: Descriptors.broken) {
            guard case .readOnly? = try harness.store.refusal(of: put(.one, "new")) else {
                Issue.record("not refused as read-only")
                return
            }
        }
        #expect(harness.onDisk(.flags) == "old")
        #expect(harness.directoryStore.failure != nil)
        for write in [put(.one, "new"), try row(.one, 1), RunWrite(.run(.one), .complete(RunEnd()))] {
            guard case .readOnly? = try harness.store.refusal(of: write) else {
                Issue.record("a write was taken after a failed sync")
                continue
            }
        }
        #expect(try harness.store.text(.flags, of: .one) == "old")
        #expect(try harness.store.snapshot(of: .one)?.status == .running)
        try harness.reopen()
        #expect(harness.directoryStore.failure == nil)
        #expect(try harness.store.refusal(of: put(.one, "new")) == nil)
    }

    /// Group commit: fails when each write gets a frame, and so a sync, of its own.
    @Test func writesThatWaitTogetherMakeOneFrame() throws {
        let harness = try DirectoryHarness()
        let before = try frames(harness).count
        let replies = try harness.store.writeTogether(
            (0..<50).map { number in number % 2 == 0 ? try row(.one, number) : put(.two, "\(number)") })
        #expect(replies.allSatisfy { $0.refusal == nil })
        let after = try frames(harness)
        #expect(after.count == before + 1)
        #expect(after.last == 50)
    }

    /// The number of writes of each frame in the journal.
    private func frames(_ harness: DirectoryHarness) throws -> [Int] {
        Tree.read(try segment(harness)).withUnsafeBytes { segment in
            var counts: [Int] = []
            var offset = 0
            while let frame = JournalFrame.read(segment, at: offset) {
                if case .writes(let writes) = frame.content { counts.append(writes.count) }
                offset += frame.size
            }
            return counts
        }
    }

    /// Rule 6 (a refused write is undone, and a frame says so): fails when one write's failure refuses others, or when
    /// a refused one is done again by recovery.
    @Test func aWriteThatFailsIsRefusedAloneAndDoesNotComeBack() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.initialise(.two)
        Tree.rename("\(harness.runs)/one/tfruns.d/properties", to: "\(harness.runs)/one/aside")
        harness.folder.write("runs/one/tfruns.d/properties", "a file")
        // A link that leads nowhere is found out when the rows are written.
        Tree.link(harness.path(.metricsRows, of: .two), to: "nowhere/rows")
        let note = RunWrite(.run(.one), .change([.property(.note, "n")]))
        let replies = try harness.store.writeTogether([
            put(.two, "good"), note, row(.two, 1), row(.three, 1), put(.three, "good"),
        ])
        #expect(replies.map { $0.refusal == nil } == [true, false, false, true, true])
        try harness.crash {
            Tree.unlink("\(harness.runs)/one/tfruns.d/properties")
            Tree.rename("\(harness.runs)/one/aside", to: "\(harness.runs)/one/tfruns.d/properties")
            Tree.unlink(harness.path(.metricsRows, of: .two))
        }
        #expect(harness.onDisk(.property(.note)) == nil)
        #expect(harness.onDisk(.metricsRows, of: .two) == nil)
        #expect(harness.onDisk(.flags, of: .two) == "good")
        #expect(try harness.store.frame(of: .three) == #"{"a":[1]}"#)
        #expect(try harness.store.text(.flags, of: .three) == "good")
    }

    /// Rule 6: fails when what a write did besides is not taken back with its rows.
    @Test(arguments: [RunID.one, .two])
    func aWriteWhoseRowsFailLeavesNothing(_ run: RunID) throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: "old")
        // The other run is pending.
        try harness.store.change(.two, .put(.flags, "old"))
        let data = run == .one ? "\(harness.runs)/one/tfruns.d" : "\(harness.runs)/.rundir/pending/two/tfruns.d"
        Tree.link("\(data)/metrics.ndjson", to: "nowhere/rows")
        let rows = DataChange.rows(try .make([#"{"a":1}"#]))
        #expect(try harness.store.refusal(of: RunWrite(.run(run), .change([.put(.flags, "new"), rows]))) != nil)
        #expect(String(decoding: Tree.read("\(data)/flags.json"), as: UTF8.self) == "old")
        #expect(harness.directoryStore.failure == nil)
        Tree.unlink("\(data)/metrics.ndjson")
        try harness.crash()
        #expect(String(decoding: Tree.read("\(data)/flags.json"), as: UTF8.self) == "old")
        #expect(Tree.read("\(data)/metrics.ndjson").isEmpty)
    }

    /// Rows that come with other changes stand behind those that wait with them, and before the next ones.
    @Test func rowsBesideOtherChangesStandInTheirPlace() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        let rows = DataChange.rows(try .make([#"{"a":2}"#]))
        let replies = try harness.store.writeTogether([
            row(.one, 1), RunWrite(.run(.one), .change([.put(.flags, "new"), rows])), row(.one, 3),
        ])
        #expect(replies.allSatisfy { $0.refusal == nil })
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
        #expect(try harness.store.frame(of: .one) == #"{"a":[1,2,3]}"#)
    }

    @Test func metricsThatAreADirectoryRefuseRowsOfTheirRunOnly() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        harness.folder.write("runs/one/tfruns.d/metrics.ndjson/x", "")
        let replies = try harness.store.writeTogether([row(.two, 1), row(.one, 1), put(.one, "good")])
        #expect(replies.map { $0.refusal == nil } == [true, false, true])
    }

    /// ERRORS.md: "nothing is half stored".
    @Test func aRefusedWriteLeavesNoneOfItsChanges() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: "old")
        Tree.remove("\(harness.runs)/one/tfruns.d/properties")
        harness.folder.write("runs/one/tfruns.d/properties", "a file")
        let write = RunWrite(.run(.one), .change([.put(.flags, "new"), .property(.note, "n"), .put(.error, "new")]))
        #expect(try harness.store.refusal(of: write) != nil)
        #expect(harness.onDisk(.flags) == "old")
        #expect(harness.onDisk(.error) == nil)
    }

    @Test func aRefusedWriteLeavesNothingStaged() throws {
        let harness = try DirectoryHarness()
        harness.folder.write("runs/one/tfruns.d/properties", "a file")
        let write = RunWrite(.run(.one), .change([.property(.note, "n"), .put(.error, "new"), .put(.flags, "new")]))
        #expect(try harness.store.refusal(of: write) != nil)
        #expect(Tree.names("\(harness.runs)/.rundir/staging").isEmpty)
    }

    /// A put that exchanges a file for a folder puts the folder among staged files, and the next start removes it.
    @Test func aPutWhereAFolderIsIsRefused() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.change(.one, .put(try #require(DataPath("plots/a.txt")), "kept"))
        let write = RunWrite(.run(.one), .change([.put(try #require(DataPath("plots")), "file")]))
        #expect(try harness.store.refusal(of: write) != nil)
        #expect(harness.folder.text("runs/one/tfruns.d/plots/a.txt") == "kept")
        try harness.reopen()
        #expect(harness.folder.text("runs/one/tfruns.d/plots/a.txt") == "kept")
    }

    @Test func aDiskWithoutItsReserveTakesNothing() throws {
        let harness = try DirectoryHarness { $0.reserve = 1 << 50 }
        for write in [
            put(.one, "{}"), try row(.one, 1), RunWrite(.run(.one), .initialise(session: .default, RunStart())),
        ] {
            guard case .diskFull? = try harness.store.refusal(of: write) else {
                Issue.record("not refused for want of room")
                continue
            }
        }
        #expect(try harness.store.listed().isEmpty)
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
        #expect(harness.directoryStore.failure == nil)
    }

    /// Rule 4: fails when segments stay for ever. That they do not go too early is what `RecoveryTests` sees.
    @Test func segmentsThatWereCheckpointedAreDropped() throws {
        let harness = try DirectoryHarness {
            $0.segmentSize = 4096
            $0.segmentSlack = 256
        }
        for number in 1...40 {
            try harness.store.change(.one, .put(.flags, String(repeating: "x", count: 500 + number)))
        }
        #expect(eventually { Tree.names("\(harness.runs)/.rundir/journal").count <= 2 })
        try harness.crash()
        #expect(try harness.store.text(.flags, of: .one)?.count == 540)
    }
}
