import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// Two servers on one database.
@Suite struct TwoServersTests {
    @Test func rowsOfTwoServersAreAllThereOnceAndInOneOrder() throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        try harness.store.initialise(.one)
        let stores: [any RunStore] = [harness.store, other]
        let replies = Replies(count: 400)
        for number in 0..<400 {
            let write = RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
            stores[number % 2].submit(write) { replies.set(number, $0) }
        }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.allSatisfy { $0.refusal == nil } == true)
        let texts = try stores.map { try $0.text(.metricsRows, of: .one) ?? "" }
        #expect(texts[0] == texts[1])
        let found = texts[0].split(separator: "\n").compactMap { Int($0.dropFirst(5).dropLast()) }
        #expect(found.sorted() == Array(0..<400))
        // Those of one server in the order in which they were asked for.
        for parity in 0..<2 {
            #expect(found.filter { $0 % 2 == parity } == Array(stride(from: parity, to: 400, by: 2)))
        }
    }

    @Test func whatOneServerWroteTheOtherOneReadsAtOnce() throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        try harness.store.initialise(.one, flags: #"{"lr":0.1}"#)
        #expect(try other.resolve(.active(.default)) == .one)
        #expect(try other.listed(where: "flag_lr == 0.1") == ["one"])
        try other.write(.active(.default), .change([.rows(try .make([#"{"loss":1}"#]))]))
        #expect(try harness.store.listed(where: "metric_loss == 1") == ["one"])
        try other.complete(.one)
        #expect(try harness.store.resolve(.active(.default)) == nil)
    }

    @Test func idsThatTwoServersMakeAreNotTheSame() throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        let stores: [any RunStore] = [harness.store, other]
        let replies = Replies(count: 40)
        for number in 0..<40 {
            let session = try #require(SessionName("s\(number)"))
            stores[number % 2].submit(RunWrite(.active(session), .initialise(session: session, RunStart()))) {
                replies.set(number, $0)
            }
        }
        #expect(eventually { replies.all != nil })
        let ids = try (replies.all ?? []).map { try $0.get().run?.description ?? "" }
        #expect(Set(ids).count == 40)
        #expect(try other.listed().count == 40)
    }

    @Test func anIDOfOneServerResumesAtTheOther() throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        let stores: [any RunStore] = [harness.store, other]
        for store in stores { store.changes.watch(true) }
        try harness.store.initialise(.one)
        let last = try #require(harness.store.changes.take().changes.last?.id)
        for number in 0..<10 { try stores[number % 2].rows(.one, "{\"n\":\(number)}") }
        // The other one is woken by the database.
        #expect(
            eventually {
                _ = other.changes.take()
                return other.changes.position.number >= last.number + 9
            })
        _ = harness.store.changes.take()
        let since = try stores.map { store in
            let changes = try #require(store.changes.changes(after: last, of: .one))
            return changes.map { "\($0.id) \($0.change.kind)" }
        }
        #expect(since[0].count >= 9)
        #expect(Array(since[1].prefix(9)) == Array(since[0].prefix(9)))
        #expect(stores[0].changes.position.series == stores[1].changes.position.series)
    }

    @Test func aRunIsInitialisedByOneOfTwoServersAndHasWhatWaited() throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        let stores: [any RunStore] = [harness.store, other]
        for round in 0..<10 {
            let run = try #require(RunID("run-\(round)"))
            try harness.store.rows(run, #"{"a":1}"#)
            let replies = Replies(count: 4)
            for (index, store) in (stores + stores).enumerated() {
                let write =
                    index < 2
                    ? RunWrite(.run(run), .initialise(session: .default, RunStart()))
                    : RunWrite(.run(run), .change([.rows(try .make(["{\"a\":\(index)}"]))]))
                store.submit(write) { replies.set(index, $0) }
            }
            #expect(eventually { replies.all != nil })
            let outcomes = try (replies.all ?? []).map { try $0.get() }
            #expect(outcomes[..<2].filter { !$0.existed }.count == 1)
            let rows = try other.text(.metricsRows, of: run)?.split(separator: "\n") ?? []
            #expect(rows.count == 3 && rows[0] == #"{"a":1}"#)
        }
    }
}
