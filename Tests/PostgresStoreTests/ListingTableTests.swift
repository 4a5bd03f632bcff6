import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// What each server keeps in memory for its listings (`RunTable`) follows what any of them has changed.
@Suite struct ListingTableTests {
    private static let queries: [(where: String?, order: String?, archived: RunQuery.Archived)] = [
        (nil, nil, .included), ("flag_lr > 0.2", "flag_lr", .without), ("flag_opt == 'adam'", "flag_opt", .included),
        ("metric_loss < 5", "metric_loss", .included), ("status != 'running'", "run", .included),
        ("is.na(flag_opt)", "updated", .without),
    ]

    private func listings(of store: any RunStore) throws -> [[String]] {
        try Self.queries.map { try store.listed(where: $0.where, order: $0.order, archived: $0.archived) }
    }

    @Test func eachServerListsWhatAServerThatHasJustStartedLists() throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        let stores: [any RunStore] = [harness.store, other]
        var random = SeededNumbers(seed: 7)
        let runs = try (0..<8).map { try #require(RunID("run-\($0)")) }
        for step in 0..<60 {
            let (store, run) = (stores[Int.random(in: 0..<2, using: &random)], runs.randomElement(using: &random)!)
            let number = Int.random(in: 0..<10, using: &random)
            // Some are refused, such as a row of an archived run.
            switch Int.random(in: 0..<8, using: &random) {
            case 0: _ = try? store.write(.run(run), .archive)
            case 1: _ = try? store.write(.run(run), .restore)
            case 2: _ = try? store.write(.run(run), .purge(force: true))
            case 3: _ = try? store.complete(run)
            case 4: _ = try? store.rows(run, "{\"loss\":\(number)}")
            default:
                let optimizer = ["adam", "sgd"][number % 2]
                let flags = number < 5 ? "{\"lr\":0.\(number)}" : "{\"lr\":\(number),\"opt\":\"\(optimizer)\"}"
                _ = try? store.initialise(run, flags: flags)
                let list = NamedListFiles(file: Array(flags.utf8))
                _ = try? store.write(.run(run), .change(DataChange.put(.flags, list)))
            }
            // Now and then by one alone, so that the other one has several changes to follow.
            let found = try listings(of: stores[step % 2])
            guard step % 5 == 4 else { continue }
            let fresh = try harness.another()
            defer { fresh.close() }
            let expected = try listings(of: fresh)
            #expect(found == expected, "step \(step)")
            #expect(try listings(of: stores[(step + 1) % 2]) == expected, "step \(step)")
            #expect(try stores.map { try $0.runCounts() } == Array(repeating: try fresh.runCounts(), count: 2))
        }
    }

    @Test func aDatabaseThatWasStartedAnewIsReadAnew() throws {
        let harness = try PostgresHarness(on: PostgresServer())
        try harness.store.initialise(.one, flags: #"{"lr":0.1}"#)
        #expect(try harness.store.listed(where: "flag_lr == 0.1") == ["one"])
        harness.server.kill()
        try harness.server.start()
        // As if the database had been brought back to another state meanwhile.
        try harness.sql("DELETE FROM cells; DELETE FROM summaries; DELETE FROM runs")
        #expect(eventually { (try? harness.store.runCounts()) == [.pending: 0] })
    }

    @Test func runsOfAnOlderSchemaAreListedOnceItIsBroughtUp() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one, flags: #"{"lr":0.1}"#)
        #expect(try harness.store.listed() == ["one"])
        harness.close()
        try harness.sql(
            """
            ALTER TABLE summaries DROP COLUMN changed; DROP TABLE removed_runs; DROP INDEX cells_by_name;
            CREATE INDEX cells_by_number ON cells (name, number); CREATE INDEX newest_runs ON summaries (start, run);
            UPDATE store SET version = 1
            """)
        #expect(throws: PostgresRunStore.OpenFailure.self) { try harness.reopen() }
        #expect(
            try SchemaMigration(at: harness.address, needsSync: false).run().first
                == "version 2: listings find what has changed since the last one")
        try harness.reopen()
        #expect(try harness.store.listed(where: "flag_lr == 0.1") == ["one"])
        try harness.store.write(.run(.one), .purge(force: true))
        #expect(try harness.store.listed() == [])
    }
}
