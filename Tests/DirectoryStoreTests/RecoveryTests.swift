import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// What is in the run directories after a crash at any point between a journal's sync and its checkpoint.
@Suite struct RecoveryTests {
    private let harness: DirectoryHarness

    init() throws { harness = try DirectoryHarness() }

    private var store: any RunStore { harness.store }
    private var files: [String: String?] { Tree.files(harness.runs) }

    /// One write of every kind.
    private func writeOfEveryKind() throws {
        try store.initialise(.one, flags: "{\"a\":1}", properties: [(.note, "n")])
        try store.rows(.one, #"{"a":1}"#)
        try store.rows(.one, #"{"a":2}"#)
        try store.change(.one, .property(.note, "later"), .put(try #require(DataPath("images/a.txt")), "a"))
        try store.output(.one, "line\n")
        try store.output(.one, "more\n")
        try store.patch(.one, .file(.flags), #"{"b":2}"#)
        try store.patch(.one, .properties, #"{"context":null}"#)
        try store.rows(.two, #"{"b":1}"#)
        try store.write(.active(.other), .change([.put(.flags, "{}")]))
        try store.change(.three, .put(.flags, "{}"))
        try store.initialise(.three, session: .other)
        try store.rows(.three, #"{"c":1}"#)
        try store.change(.three, .frame(Array("{\"c\":[9]}\n".utf8)))
        try store.complete(.three)
        (store as? DirectoryRunStore)?.bringUpToDate(.one)
    }

    /// Fails when a write is acknowledged before its frame is in the journal.
    @Test func whatIsJournaledAndNotAppliedIsDone() throws {
        try store.initialise(.one)
        let before = "\(harness.folder.path)/before"
        Tree.copy(harness.runs, to: before)
        try store.rows(.one, #"{"a":1}"#)
        try store.change(.one, .put(.flags, "{}"), .property(.note, "n"))
        try store.rows(.two, #"{"a":1}"#)
        try store.initialise(.two, session: .other)
        let journal = harness.keptJournal()
        harness.close()
        let expected = files
        Tree.remove(harness.runs)
        Tree.copy(before, to: harness.runs)
        try harness.putBack(journal)
        (store as? DirectoryRunStore)?.bringUpToDate(.one)
        (store as? DirectoryRunStore)?.bringUpToDate(.two)
        #expect(files == expected)
        #expect(try store.resolve(.active(.default)) == .one)
        #expect(try store.resolve(.active(.other)) == .two)
    }

    @Test func anEmptyRunsDirectoryIsMadeAnewFromTheJournal() throws {
        try store.initialise(.one, flags: "{}")
        try store.rows(.one, #"{"a":1}"#)
        let expected = files
        try harness.crash {
            Tree.remove("\(harness.runs)/one")
            Tree.remove("\(harness.runs)/.rundir/pending")
            Tree.remove("\(harness.runs)/.rundir/sessions")
        }
        #expect(files == expected)
        #expect(try store.resolve(.active(.default)) == .one)
    }

    @Test func whatIsHalfAppliedIsDoneWhole() throws {
        try store.initialise(.one)
        try store.change(.one, .put(.flags, "new"), .property(.note, "new"), .put(.evaluation, "new"))
        try harness.crash {
            Tree.unlink(harness.path(.flags))
            Tree.write(Array("old".utf8), harness.path(.property(.note)))
        }
        #expect(harness.onDisk(.flags) == "new")
        #expect(harness.onDisk(.property(.note)) == "new\n")
        #expect(harness.onDisk(.evaluation) == "new")
    }

    @Test func whatIsAppliedStaysAsItIs() throws {
        try writeOfEveryKind()
        let expected = files
        try harness.crash()
        #expect(files == expected)
        #expect(try store.resolve(.active(.default)) == .one)
        #expect(try store.resolve(.active(.other)) == nil)
        #expect(Tree.names("\(harness.runs)/.rundir/pending") == ["two"])
    }

    @Test func recoveryThatIsDoneTwiceEndsTheSame() throws {
        try writeOfEveryKind()
        let journal = harness.keptJournal()
        harness.close()
        try harness.putBack(journal)
        let expected = files
        try harness.putBack(journal)
        #expect(files == expected)
        try harness.putBack(journal)
        #expect(files == expected)
    }

    @Test func aRunInitialisedAfterItsPendingWritesIsWhereItWasMovedTo() throws {
        try store.rows(.one, #"{"a":1}"#)
        try store.change(.one, .put(.flags, "{}"))
        try store.initialise(.one)
        try store.rows(.one, #"{"a":2}"#)
        try harness.crash()
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n{\"a\":2}\n")
        #expect(harness.onDisk(.flags) == "{}")
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
        // The crash came before the move.
        try store.rows(.two, #"{"a":1}"#)
        try store.initialise(.two)
        try harness.crash { Tree.rename("\(harness.runs)/two", to: "\(harness.runs)/.rundir/pending/two") }
        #expect(harness.onDisk(.metricsRows, of: .two) == "{\"a\":1}\n")
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
    }

    @Test func theJournalIsEmptyAfterClosing() throws {
        try writeOfEveryKind()
        harness.close()
        #expect(harness.keptJournal().values.allSatisfy { $0.allSatisfy { $0 == 0 } })
    }

    /// What something else did to the directories is so for the server too.
    @Test func aRunArchivedByHandStaysArchived() throws {
        try store.initialise(.one)
        try store.rows(.one, #"{"a":1}"#)
        try harness.crash { harness.archive(.one) }
        #expect(try store.snapshot(of: .one)?.status == .archived)
    }

    @Test func writesAfterARecoveryGoOn() throws {
        for row in 1...4 {
            try store.rows(.one, "{\"a\":\(row)}")
            if row == 2 { try store.initialise(.one) }
            try harness.crash()
        }
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n")
    }

    @Test func segmentsThatWereSealedAreDoneAgainInOrder() throws {
        let harness = try DirectoryHarness { $0.segmentSize = 4096 }
        let text = String(repeating: "x", count: 1500)
        for number in 1...20 {
            try harness.store.change(.one, .put(.flags, "\(number)\(text)"))
            try harness.store.rows(.one, "{\"a\":\(number)}")
        }
        try harness.store.initialise(.one)
        let rows = (1...20).map { "{\"a\":\($0)}\n" }.joined()
        try harness.crash()
        #expect(harness.onDisk(.flags) == "20\(text)")
        #expect(harness.onDisk(.metricsRows) == rows)
    }
}
