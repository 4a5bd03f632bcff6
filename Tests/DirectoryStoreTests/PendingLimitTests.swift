import DirectoryStore
import Limits
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// How many runs may wait to be initialised.
@Suite struct PendingLimitTests {
    private static let limit = Limit(.pendingRuns, most: 3, setting: "--max-pending")
    private let harness: DirectoryHarness
    private var store: any RunStore { harness.store }

    init() throws {
        harness = try DirectoryHarness {
            $0.rules.mostPending = Self.limit
            $0.rules.mostProperties = Limit(.names, most: 10_000)
        }
    }

    private func run(_ name: String) throws -> RunID { try #require(RunID(name)) }
    private func row(_ name: String) throws -> RunWrite {
        RunWrite(.run(try run(name)), .change([.rows(try .make([#"{"a":1}"#]))]))
    }

    /// Fails when pending runs have no limit, whatever is written to them.
    @Test func oneMoreThanTheLimitIsRefused() throws {
        let refusals = try store.writeTogether([row("p1"), row("p2"), row("p3"), row("p4")]).map(\.refusal)
        #expect(refusals == [nil, nil, nil, .tooManyPending(LimitExceeded(Self.limit))])
        let note = RunWrite(.run(try run("p5")), .change([.property(.note, "n")]))
        #expect(try store.refusal(of: note) == .tooManyPending(LimitExceeded(Self.limit)))
        let other = RunWrite(.active(try #require(SessionName("s"))), .change([.property(.note, "n")]))
        #expect(try store.refusal(of: other) == .tooManyPending(LimitExceeded(Self.limit)))
        #expect(try store.rows(run("p1"), #"{"a":2}"#).effect == .pending, "one that is there goes on")
        try store.initialise(.one)
        #expect(try store.rows(.one, #"{"a":1}"#).effect == .written)
    }

    @Test func thereIsRoomAgainWhenOneIsInitialisedAndAfterARestart() throws {
        for name in ["p1", "p2", "p3"] { #expect(try store.refusal(of: row(name)) == nil) }
        try store.initialise(run("p1"))
        #expect(try store.refusal(of: row("p4")) == nil)
        #expect(try store.refusal(of: row("p5")) != nil)
        try harness.reopen()
        #expect(try store.refusal(of: row("p5")) != nil)
        try store.write(.run(run("p4")), .purgePending())
        #expect(try eventually { try store.refusal(of: row("p5")) == nil })
    }

    /// Fails when a purge of pending runs can meet one that has been initialised meanwhile.
    @Test func aRunThatIsNoLongerPendingIsNotPurgedAsOne() throws {
        _ = try store.writeTogether([row("p1"), row("p2")])
        #expect(try store.pendingRuns(unchangedFor: 0).map(\.description) == ["p1", "p2"])
        #expect(try store.pendingRuns(unchangedFor: 1e12).isEmpty)
        try store.initialise(run("p1"))
        #expect(throws: StoreError.notArchived(try run("p1"))) { try store.write(.run(run("p1")), .purgePending()) }
        #expect(try store.pendingRuns(unchangedFor: 0).map(\.description) == ["p2"])
    }

    // MARK: What waits for a session's next run

    private static let session = RunTarget.active(SessionName("s")!)

    private func notes(_ numbers: Range<Int>) -> RunWrite {
        let notes = numbers.map { DataChange.property(PropertyName("n\($0)")!, "1") }
        return RunWrite(Self.session, .change(notes))
    }

    /// Fails when nothing bounds how many files the one that commits has to move when a session initialises its run.
    @Test func filesThatWaitForASessionsRunHaveALimit() throws {
        #expect(try store.refusal(of: notes(0..<600)) == nil)
        #expect(try store.refusal(of: notes(500..<1000)) == nil, "those that are there already are replaced")
        #expect(try store.refusal(of: notes(0..<1000)) == nil)
        #expect(try store.refusal(of: notes(1000..<1001)) == .tooManyPending(LimitExceeded(Limit(.files, most: 1000))))
        try harness.reopen()
        #expect(try store.refusal(of: notes(1000..<1001)) == .tooManyPending(LimitExceeded(Limit(.files, most: 1000))))
        try store.initialise(.one, session: #require(SessionName("s")))
        #expect(try store.refusal(of: notes(1000..<1001)) == nil)
    }
}
