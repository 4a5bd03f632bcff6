import RunMetadata
import RunStore
import RunStoreClaims
import Synchronization
import TestSupport
import Testing

@testable import DirectoryStore

/// Runs that are initialised at once.
@Suite struct NewRunsTests {
    private static let start = RunWrite(.active(.default), .initialise(session: .default, RunStart()))

    private func frames(_ store: DirectoryRunStore) -> Int { Int(store.statistics.batchWrites.buckets.reduce(0, +)) }

    @Test func theyShareAFrame() throws {
        let harness = try DirectoryHarness()
        let before = frames(harness.directoryStore)
        let replies = try harness.store.writeTogether(
            [RunWrite](repeating: Self.start, count: 50)
                + [RunWrite(.run(.two), .initialise(session: .default, .make(flags: #"{"a":1}"#)))])
        let runs = try replies.map { try #require(try $0.get().run) }
        #expect(Set(runs).count == 51)
        #expect(frames(harness.directoryStore) == before + 1)
        for run in runs { #expect(harness.onDisk(.property(.type), of: run) == "training\n") }
        // Told without being read.
        #expect(try replies.allSatisfy { try $0.get().snapshot != nil })
        #expect(harness.onDisk(.flags, of: .two) == #"{"a":1}"#)
        // The last one is the one to go on with.
        #expect(try harness.store.resolve(.active(.default)) == .two)
        // Nothing is left of how they were made.
        #expect(Tree.names("\(harness.runs)/.rundir/staging").isEmpty)
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
    }

    @Test func theyComeBackAfterACrash() throws {
        let harness = try DirectoryHarness()
        let replies = try harness.store.writeTogether([RunWrite](repeating: Self.start, count: 20))
        let runs = try replies.map { try #require(try $0.get().run) }
        try harness.crash { for run in runs { Tree.remove("\(harness.runs)/\(run)") } }
        for run in runs { #expect(harness.onDisk(.property(.completed), of: run) == "FALSE\n") }
    }

    /// Fails when the second one is planned as if the first were not there.
    @Test func aRunThatIsInitialisedTwiceIsThereTheSecondTime() throws {
        let harness = try DirectoryHarness()
        let replies = try harness.store.writeTogether([
            RunWrite(.run(.one), .initialise(session: .default, .make(flags: #"{"a":1}"#))),
            RunWrite(.run(.two), .initialise(session: .default, RunStart())),
            RunWrite(.run(.one), .initialise(session: .default, .make(properties: [(.note, "n")]))),
        ])
        #expect(try replies.map { try $0.get().existed } == [false, false, true])
        #expect(harness.onDisk(.flags) == #"{"a":1}"#)
        #expect(harness.onDisk(.property(.note)) == "n\n")
    }

    /// Fails when what waits for the session goes to more than one of its runs.
    @Test func theFirstOneTakesWhatWaits() throws {
        let harness = try DirectoryHarness()
        try harness.store.write(.active(.default), .change([.property(.note, "waits")]))
        let replies = try harness.store.writeTogether([
            RunWrite(.run(.two), .initialise(session: .other, RunStart())), Self.start, Self.start,
        ])
        let runs = try replies.map { try #require(try $0.get().run) }
        #expect(runs.map { harness.onDisk(.property(.note), of: $0) } == [nil, "waits\n", nil])
    }

    /// Fails when an id that the batch holds already is made again.
    @Test func aClockThatStepsBackMakesNoIDTwice() throws {
        let times = Mutex(0)
        let harness = try DirectoryHarness { settings in
            settings.clock = {
                times.withLock { times in
                    times += 1
                    return times.isMultiple(of: 3) ? 1_795_499_177 : 1_795_499_178
                }
            }
        }
        let replies = try harness.store.writeTogether([RunWrite](repeating: Self.start, count: 20))
        #expect(Set(try replies.map { try #require(try $0.get().run) }).count == 20)
    }

    /// A file that waits and is given once more is written twice: fails when the longer one shows behind the shorter.
    @Test func whatIsGivenReplacesWhatWaits() throws {
        let harness = try DirectoryHarness()
        try harness.store.write(.active(.default), .change([.property(.note, "a long note that waits")]))
        let write = RunWrite(
            .run(.one), .initialise(session: .default, .make(flags: "{}", properties: [(.note, "short")])))
        _ = try harness.store.writeTogether([write])
        #expect(harness.onDisk(.property(.note)) == "short\n")
    }

    /// Each session has a file as long as its run goes on: one run does not fill a disk with them.
    @Test func aRunIsActiveInSomeSessionsOnly() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        func begin(_ number: Int) throws -> StoreError? {
            let session = try #require(SessionName("s\(number)"))
            return try harness.store.refusal(of: RunWrite(.run(.one), .initialise(session: session, RunStart())))
        }
        let last = Sessions.mostOfRun + 9
        var refused = 0
        for number in 0...last where try begin(number) != nil { refused += 1 }
        #expect(refused == 11, "it is active in the default session too")
        #expect(Tree.names("\(harness.runs)/.rundir/sessions").count == Sessions.mostOfRun)
        // One that it is active in is no further one.
        #expect(try begin(0) == nil)
        try harness.reopen()
        #expect(try begin(last) != nil)
        try harness.store.complete(.one)
        #expect(Tree.names("\(harness.runs)/.rundir/sessions").isEmpty)
    }
}
