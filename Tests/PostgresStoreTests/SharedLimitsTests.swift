import Limits
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// Limits that hold for all servers on one database together.
@Suite struct SharedLimitsTests {
    /// Two servers with some rules.
    private static func servers(
        _ change: (inout RunRules) -> Void
    ) throws -> (harness: PostgresHarness, one: any RunStore, other: PostgresRunStore) {
        let harness = try PostgresHarness { change(&$0.rules) }
        return (harness, harness.store, try harness.another())
    }

    private static func row(_ text: String) throws -> RunWrite {
        RunWrite(.run(.one), .change([.rows(try .make([text]))]))
    }

    // MARK: Two servers

    @Test func twoServersMakeNoMoreRunsThanThereMayBe() throws {
        let limit = Limit(.runs, most: 7, setting: "--max-runs")
        let (harness, one, other) = try Self.servers { $0.mostRuns = limit }
        defer { other.close() }
        // Commits take a moment, so that batches of both are under way at the same time.
        try harness.failing("pg_sleep(0.1) IS NULL", "P0001")
        let replies = Replies(count: 40)
        for number in 0..<40 {
            let run = try #require(RunID("run-\(number)"))
            let session = try #require(SessionName("s\(number)"))
            let store = number % 2 == 0 ? one : other
            store.submit(RunWrite(.run(run), .initialise(session: session, RunStart()))) { replies.set(number, $0) }
        }
        #expect(eventually { replies.all != nil })
        let refusals = (replies.all ?? []).compactMap(\.refusal)
        #expect(refusals.count == 33)
        #expect(refusals.allSatisfy { $0 == .tooManyRuns(LimitExceeded(limit)) })
        let made = try #require(try other.listed().first.flatMap { RunID($0) })
        try one.write(.run(made), .purge(force: true))
        try other.initialise(.one)
        #expect(throws: StoreError.tooManyRuns(LimitExceeded(limit))) { try one.initialise(.two) }
        #expect(try harness.miscounted() == "")
    }

    @Test func twoServersTakeNoMoreBytesThanThereMayBe() throws {
        let limit = Limit(.bytes, most: 100_000, setting: "--max-total-bytes")
        let (harness, one, other) = try Self.servers { $0.mostBytes = limit }
        defer { other.close() }
        let large = String(repeating: "x", count: 40_000)
        try one.initialise(.one, flags: large)
        try other.initialise(.two, flags: large)
        for store in [one, other] {
            #expect(throws: StoreError.storeFull(LimitExceeded(limit))) {
                try store.change(.three, .put(.flags, large))
            }
            #expect(try #require(store.usedBytes) > 80_000)
        }
        try other.write(.run(.one), .purge(force: true))
        try one.change(.three, .put(.flags, large))
        #expect(throws: StoreError.storeFull(LimitExceeded(limit))) { try other.initialise(.one, flags: large) }
        #expect(try harness.miscounted() == "")
    }

    @Test func aRunThatTwoServersFillTakesNoMoreBytesThanOneMay() throws {
        let limit = Limit(.bytes, most: 20_000, setting: "--max-run-bytes")
        let (harness, one, other) = try Self.servers { $0.mostRunBytes = limit }
        defer { other.close() }
        try one.initialise(.one)
        let line = String(repeating: "x", count: 999) + "\n"
        var taken = 0
        while taken < 30 {
            let append = DataChange.append(.output, head: [], Array(line.utf8))
            let refusal = try (taken % 2 == 0 ? one : other).refusal(of: RunWrite(.run(.one), .change([append])))
            if refusal != nil { break }
            taken += 1
        }
        #expect(taken == 19)
        #expect(try harness.miscounted() == "")
    }

    @Test func rowsOfTwoServersHaveNoMoreColumnsThanThereMayBe() throws {
        let (harness, one, other) = try Self.servers {
            $0.mostColumns = Limit(.columns, most: 4, setting: "--max-columns")
        }
        defer { other.close() }
        try one.initialise(.one)
        try one.rows(.one, #"{"a":1}"#)
        try other.rows(.one, #"{"a":1,"b":1}"#)
        try one.rows(.one, #"{"a":1,"c":1}"#)
        try other.rows(.one, #"{"d":1}"#)
        for store in [one, other] {
            #expect(try "\(String(describing: store.refusal(of: Self.row(#"{"e":1}"#))))".contains("--max-columns"))
            try store.rows(.one, #"{"b":1,"c":1,"d":1}"#)
        }
        #expect(try harness.miscounted() == "")
        // Those of a frame are others, and those of no metrics none.
        try other.change(.one, .frame(Array(#"{"e":[1],"f":[1],"g":[1]}"#.utf8)))
        #expect(try harness.sql("SELECT count(*) FROM row_columns") == "0\n")
        try one.rows(.one, #"{"h":1}"#)
        #expect(try other.refusal(of: Self.row(#"{"a":1}"#)) != nil)
        try other.write(.run(.one), .removeMetadata(.files([.metricsRows, .metricsFrame])))
        try one.rows(.one, #"{"a":1,"b":1,"c":1,"d":1}"#)
        #expect(try harness.miscounted() == "")
        try other.write(.run(.one), .purge(force: true))
        #expect(try harness.sql("SELECT count(*) FROM row_columns") == "0\n")
    }

    @Test func theNextRunOfASessionHasTheColumnsOfBoth() throws {
        let (harness, one, other) = try Self.servers {
            $0.mostColumns = Limit(.columns, most: 3, setting: "--max-columns")
        }
        defer { other.close() }
        try one.write(.active(.default), .change([.rows(try .make([#"{"a":1,"b":1}"#]))]))
        try other.rows(.one, #"{"c":1}"#)
        try one.initialise(.one)
        #expect(try other.refusal(of: Self.row(#"{"d":1}"#)) != nil)
        try one.rows(.one, #"{"a":1,"b":1,"c":1}"#)
        #expect(try harness.miscounted() == "")
    }

    @Test func whatWaitsIsDroppedOnceAndOfSessionsToo() throws {
        let (harness, one, other) = try Self.servers { $0.pendingAge = 0.2 }
        defer { other.close() }
        for number in 0..<10 { try one.rows(#require(RunID("run-\(number)")), #"{"a":1}"#) }
        try one.write(.active(.other), .change([.rows(try .make([#"{"a":1}"#]))]))
        #expect(try eventually { try harness.sql("SELECT count(*) FROM runs") == "0\n" })
        #expect(eventually { one.droppedCount + other.droppedCount == 11 })
        #expect(try harness.miscounted() == "")
    }

    // MARK: Batches that fail

    /// Fails when counts of a batch that was rolled back stay, or are added again.
    @Test func aBatchThatIsDoneAgainIsCountedOnce() throws {
        let (harness, one, other) = try Self.servers { $0.mostBytes = Limit(.bytes, most: 1 << 30, setting: "") }
        defer { other.close() }
        try one.initialise(.one)
        try one.rows(.one, #"{"a":1}"#)
        try harness.failing("nextval('failures') % 4 <> 0", "40001")
        try other.initialise(.two)
        try one.rows(.one, #"{"a":1,"b":1}"#)
        try other.rows(.one, #"{"c":1}"#)
        try harness.publish(#require(ArtifactPath("model")), "weights")
        try harness.publish(#require(ArtifactPath("model")), "other weights")
        #expect(try other.refusal(of: RunWrite(.run(.two), .purge(force: true))) == nil)
        // Six batches, each the fourth time.
        #expect(try harness.sql("SELECT last_value FROM failures") == "24\n")
        #expect(try harness.miscounted() == "")
    }

    /// Fails when a server remembers names of rows that were not written.
    @Test func namesOfRowsThatTheDatabaseRefusedAreNotKnown() throws {
        let (harness, one, other) = try Self.servers {
            $0.mostColumns = Limit(.columns, most: 3, setting: "--max-columns")
        }
        defer { other.close() }
        try one.initialise(.one)
        try one.rows(.one, #"{"a":1,"b":1}"#)
        try harness.failing("true", "P0001")
        #expect(try one.refusal(of: Self.row(#"{"c":1}"#)) != nil)
        try harness.sql("DROP TRIGGER failure ON batches")
        try one.rows(.one, #"{"d":1}"#)
        for store in [one, other] { #expect(try store.refusal(of: Self.row(#"{"c":1}"#)) != nil) }
        #expect(try harness.miscounted() == "")
    }

    /// Fails when a write that is refused after its rows were looked at leaves their names.
    @Test func namesOfRowsThatAreOneTooManyAreNotKnown() throws {
        let (harness, one, other) = try Self.servers {
            $0.mostColumns = Limit(.columns, most: 3, setting: "--max-columns")
            $0.mostRunBytes = Limit(.bytes, most: 10_000, setting: "--max-run-bytes")
        }
        defer { other.close() }
        try one.initialise(.one)
        try one.rows(.one, #"{"a":1,"b":1}"#)
        let long = try MetricsRows.make(Array(repeating: #"{"c":1.0000000000000000001}"#, count: 1000))
        #expect(try one.refusal(of: RunWrite(.run(.one), .change([.rows(long)]))) != nil)
        try one.rows(.one, #"{"d":1}"#)
        #expect(try one.refusal(of: Self.row(#"{"c":1}"#)) != nil)
        #expect(try harness.miscounted() == "")
    }
}
