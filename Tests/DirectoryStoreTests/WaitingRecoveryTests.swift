import RunMetadata
import RunStore
import RunStoreClaims
import Testing

/// What waited for a session's next run, through a crash while that run was initialised.
@Suite struct WaitingRecoveryTests {
    private let harness: DirectoryHarness
    private var pending: String { "\(harness.runs)/.rundir/pending" }

    init() throws { harness = try DirectoryHarness() }

    /// Sends metadata that waits, initialises a run, and puts the directories back as they were before that.
    private func crashBeforeInitialisingIsApplied(_ changes: DataChange...) throws {
        try harness.store.write(.active(.default), .change(changes))
        try harness.store.initialise(.one)
        let journal = harness.keptJournal()
        harness.close()
        Tree.makeDirectory("\(pending)/@default")
        Tree.makeDirectory("\(pending)/@default/tfruns.d")
        for change in changes {
            guard case .put(let path, _) = change else { continue }
            Tree.rename(harness.path(path), to: "\(pending)/@default/tfruns.d/\(path)")
        }
        Tree.remove("\(harness.runs)/one")
        Tree.unlink("\(harness.runs)/.rundir/sessions/default")
        try harness.putBack(journal)
    }

    /// Both the sending and the initialising are in the journal, and acknowledged.
    @Test func waitingMetadataIsAdoptedThoughItIsRewrittenFirst() throws {
        try crashBeforeInitialisingIsApplied(.put(.flags, "waiting"), .put(.evaluation, "waiting too"))
        #expect(harness.onDisk(.flags) == "waiting")
        #expect(harness.onDisk(.evaluation) == "waiting too")
        #expect(try harness.store.resolve(.active(.default)) == .one)
        #expect(Tree.names(pending).isEmpty)
    }

    @Test func waitingRowsAreAdoptedThoughTheyAreRewrittenFirst() throws {
        try harness.store.write(.active(.default), .change([.rows(try .make([#"{"a":1}"#]))]))
        try harness.store.initialise(.one)
        try harness.crash {
            Tree.makeDirectory("\(pending)/@default")
            Tree.makeDirectory("\(pending)/@default/tfruns.d")
            Tree.rename(harness.path(.metricsRows), to: "\(pending)/@default/tfruns.d/metrics.ndjson")
            Tree.remove("\(harness.runs)/one")
        }
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n")
    }

    /// The younger of two files is kept; doing the older one's writing again must not undo that.
    @Test func whatWasAdoptedOverAnOlderFileStays() throws {
        try harness.store.change(.one, .put(.flags, "older"))
        pause(milliseconds: 20)
        try harness.store.write(.active(.default), .change([.put(.flags, "younger")]))
        try harness.store.initialise(.one)
        #expect(harness.onDisk(.flags) == "younger")
        try harness.crash()
        #expect(harness.onDisk(.flags) == "younger")
    }

    /// The file system's clock goes in steps, and two writes may come within one.
    @Test func ofTwoFilesOfOneTimeTheSessionsIsKept() throws {
        try harness.store.change(.one, .put(.flags, "run's"))
        try harness.store.write(.active(.default), .change([.put(.flags, "session's")]))
        for folder in ["one", "@default"] { Tree.setTime("\(pending)/\(folder)/tfruns.d/flags.json", 1_795_000_000) }
        try harness.store.initialise(.one)
        #expect(harness.onDisk(.flags) == "session's")
    }

    @Test func adoptedMetadataStaysWhereAllWasApplied() throws {
        try harness.store.write(.active(.default), .change([.put(.flags, "waiting")]))
        try harness.store.initialise(.one)
        try harness.crash()
        #expect(harness.onDisk(.flags) == "waiting")
        #expect(Tree.names(pending).isEmpty)
    }

    @Test func whatWaitsForTheNextRunAfterThatWaitsStill() throws {
        try harness.store.write(.active(.default), .change([.put(.flags, "first")]))
        try harness.store.initialise(.one)
        try harness.store.complete(.one)
        try harness.store.write(.active(.default), .change([.put(.flags, "second")]))
        try harness.crash()
        #expect(harness.onDisk(.flags) == "first")
        try harness.store.initialise(.two)
        #expect(harness.onDisk(.flags, of: .two) == "second")
    }

    @Test func joinedRowsAreNotJoinedTwice() throws {
        try harness.store.rows(.one, #"{"a":1}"#)
        try harness.store.write(.active(.default), .change([.rows(try .make([#"{"a":2}"#]))]))
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":3}"#)
        try harness.crash()
        #expect(harness.onDisk(.metricsRows) == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
    }
}
