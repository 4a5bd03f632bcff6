import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// A network between server and database that delays, cuts, and cuts in the middle of commits.
@Suite struct CutCommitTests {
    private let server: PostgresServer
    private let proxy: PostgresProxy

    init() throws {
        server = try PostgresServer.shared.get()
        proxy = try PostgresProxy(to: server)
    }

    private func harness(_ change: (inout PostgresSettings) -> Void = { _ in }) throws -> PostgresHarness {
        try PostgresHarness(at: [proxy.path], change)
    }

    /// Rows have no key by which a second one could be told.
    @Test(arguments: PostgresProxy.Fault.allCases)
    func whatIsCutOffInItsCommitIsStoredOnce(fault: PostgresProxy.Fault) throws {
        let harness = try harness { if fault == .silence { $0.patience = 1 } }
        let store = harness.store
        try store.initialise(.one)
        proxy.meet([fault])
        try store.rows(.one, #"{"n":1}"#)
        proxy.meet([fault])
        try store.output(.one, "once\n")
        proxy.meet([fault])
        let made = try store.write(.active(.other), .initialise(session: .other, RunStart()))
        #expect(proxy.waitingFaults == 0)
        #expect(try harness.numbers() == [1])
        #expect(try store.text(.output, of: .one) == "once\n")
        #expect(try store.listed().count == 2)
        #expect(try store.resolve(.active(.other)) == made.run)
        #expect(try harness.miscounted() == "")
    }

    /// Whatever else the runs have: here, no console output.
    @Test func rowsOfManyRunsNeedNoRoundTripEach() throws {
        let harness = try harness()
        let runs = try (0..<100).map { try #require(RunID("run-\($0)")) }
        for run in runs { try harness.store.initialise(run) }
        func sendRows() throws {
            let rows = try MetricsRows.make([#"{"n":1}"#])
            _ = try harness.store.writeTogether(runs.map { RunWrite(.run($0), .change([.rows(rows)])) })
        }
        try sendRows()
        let before = proxy.roundTrips
        try sendRows()
        #expect(proxy.roundTrips - before < 50)
    }

    @Test func manyCommitsThatAreCutOffLoseAndDoubleNothing() throws {
        let harness = try harness()
        let other = try harness.another()
        defer { other.close() }
        try harness.store.initialise(.one)
        var numbers = SeededNumbers(seed: UInt64.random(in: 0..<1_000_000))
        let kinds: [PostgresProxy.Fault] = [.cutBefore, .cutAmid, .cutAfter]
        let stores: [any RunStore] = [harness.store, other]
        let count = 300
        let replies = Replies(count: count)
        for number in 0..<count {
            if number % 10 == 0 { proxy.meet([kinds.randomElement(using: &numbers) ?? .cutAmid]) }
            let row = "{\"n\":\(number),\"m\(number / 50)\":1}"
            stores[number % 2].submit(RunWrite(.run(.one), .change([.rows(try .make([row]))]))) {
                replies.set(number, $0)
            }
            // So that they become many batches.
            if number % 10 == 9 { pause() }
        }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.compactMap(\.refusal).isEmpty == true)
        #expect(proxy.waitingFaults < 30)
        #expect(try harness.numbers().sorted() == Array(0..<count))
        #expect(try harness.miscounted() == "")
    }

    @Test func aNetworkThatIsCutAtAnyMomentLosesAndDoublesNothing() throws {
        let harness = try harness()
        try harness.store.initialise(.one)
        let (count, step) = (400, 20)
        let replies = Replies(count: count)
        for start in stride(from: 0, to: count, by: step) {
            for number in start..<(start + step) {
                let write = RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
                harness.store.submit(write) { replies.set(number, $0) }
                if number % 7 == 0 { pause() }
            }
            proxy.cutAll()
        }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.compactMap(\.refusal).isEmpty == true)
        #expect(try harness.numbers().sorted() == Array(0..<count))
        #expect(try harness.miscounted() == "")
    }

    /// A commit that may have happened, and a database that does not come back in time: refused, and there once at
    /// most.
    @Test(arguments: [PostgresProxy.Fault.cutBefore, .cutAfter])
    func whatCannotBeFoundOutIsNotAcknowledged(fault: PostgresProxy.Fault) throws {
        // One that writes, so that its connection is there.
        let harness = try harness { ($0.patience, $0.writers) = (1, 1) }
        try harness.store.initialise(.one)
        proxy.meet([fault])
        proxy.lead(to: nil, isCutting: false)
        guard case .unreachable? = try harness.store.refusal(of: Self.row(1)) else {
            Issue.record("what may not be stored was not refused")
            return
        }
        proxy.lead(to: server)
        try harness.store.rows(.one, #"{"n":2}"#)
        #expect(try harness.numbers() == (fault == .cutAfter ? [1, 2] : [2]))
    }

    private static func row(_ number: Int) throws -> RunWrite {
        RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
    }
}
