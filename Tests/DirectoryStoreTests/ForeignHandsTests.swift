import DirectoryStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// What something else does to the run directories while the server runs.
@Suite struct ForeignHandsTests {
    private let harness: DirectoryHarness

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
    }

    private var rows: String? { harness.onDisk(.metricsRows) }

    @Test func aRowOfARunThatWasRemovedByHandIsPending() throws {
        Tree.remove("\(harness.runs)/one")
        #expect(try harness.store.rows(.one, #"{"a":2}"#).effect == .pending)
        #expect(harness.directoryStore.runCount() == 0)
        #expect(try harness.store.frame(of: .one) == #"{"a":[2]}"#)
        #expect(!harness.folder.exists("runs/one"))
    }

    @Test func aFileOfARunThatWasRemovedByHandIsPending() throws {
        Tree.remove("\(harness.runs)/one")
        #expect(try harness.store.change(.one, .put(.flags, "{}")).effect == .pending)
    }

    @Test func rowsThatWereRemovedByHandBeginAnew() throws {
        Tree.unlink(harness.path(.metricsRows))
        try harness.store.rows(.one, #"{"a":2}"#)
        #expect(rows == "{\"a\":2}\n")
    }

    @Test func rowsThatWereReplacedByHandAreGoneOnFrom() throws {
        harness.folder.write("runs/one/tfruns.d/other", "{\"b\":1}\n{\"b\":2}\n")
        Tree.rename("\(harness.runs)/one/tfruns.d/other", to: harness.path(.metricsRows))
        try harness.store.rows(.one, #"{"b":3}"#)
        #expect(rows == "{\"b\":1}\n{\"b\":2}\n{\"b\":3}\n")
    }

    @Test func rowsThatSomethingElseAppendedAreKept() throws {
        Tree.write(Array("{\"a\":2}\n".utf8), harness.path(.metricsRows), mode: "a")
        try harness.store.rows(.one, #"{"a":3}"#)
        #expect(rows == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
        #expect(try harness.store.frame(of: .one) == #"{"a":[1,2,3]}"#)
    }

    /// Joined to the next row, it would take that with it.
    @Test func aTornLineThatSomethingElseLeftIsCut() throws {
        Tree.write(Array("{\"a\":2".utf8), harness.path(.metricsRows), mode: "a")
        try harness.store.rows(.one, #"{"a":3}"#)
        #expect(rows == "{\"a\":1}\n{\"a\":3}\n")
    }

    @Test func aTornLineIsCutWhenTheRowsAreOpenedToo() throws {
        harness.close()
        Tree.write(Array("{\"a\":2".utf8), harness.path(.metricsRows), mode: "a")
        try harness.reopen()
        try harness.store.rows(.one, #"{"a":3}"#)
        #expect(rows == "{\"a\":1}\n{\"a\":3}\n")
    }

    @Test func aTornLineAloneIsCut() throws {
        harness.close()
        Tree.write(Array("{\"a\":2".utf8), harness.path(.metricsRows))
        try harness.reopen()
        try harness.store.rows(.one, #"{"a":3}"#)
        #expect(rows == "{\"a\":3}\n")
    }

    @Test func aRunThatWasCopiedIsServed() throws {
        Tree.copy("\(harness.runs)/one", to: "\(harness.runs)/two")
        #expect(try harness.store.listed() == ["two", "one"])
        try harness.store.rows(.two, #"{"a":2}"#)
        #expect(try harness.store.frame(of: .two) == #"{"a":[1,2]}"#)
        #expect(rows == "{\"a\":1}\n")
    }

    @Test func aRunThatWasRestoredByHandIsWrittenToAgain() throws {
        harness.archive(.one)
        #expect(try harness.store.change(RunID.two, .put(.flags, "{}")).effect == .pending)
        Tree.rename("\(harness.runs)/archive/one", to: "\(harness.runs)/one")
        #expect(try harness.store.rows(.one, #"{"a":2}"#).effect == .written)
        #expect(rows == "{\"a\":1}\n{\"a\":2}\n")
    }

    @Test func rowsOfMoreRunsThanAreKeptOpenAllLand() throws {
        for round in 1...3 {
            var writes: [RunWrite] = []
            for number in 0..<600 {
                let run = try #require(RunID("r\(number)"))
                writes.append(RunWrite(.run(run), .change([.rows(try .make(["{\"a\":\(round)}"]))])))
            }
            let replies = try harness.store.writeTogether(writes)
            #expect(replies.allSatisfy { $0.refusal == nil })
        }
        for name in ["r0", "r299", "r599"] {
            #expect(try harness.store.frame(of: try #require(RunID(name))) == #"{"a":[1,2,3]}"#)
        }
    }
}
