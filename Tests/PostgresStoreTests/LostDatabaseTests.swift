import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing
import Threads

/// A database that goes and comes back. Each test has a server of its own.
@Suite struct LostDatabaseTests {
    @Test func writesWaitForTheDatabaseAndAreDoneOnce() throws {
        let harness = try PostgresHarness(on: PostgresServer())
        let store = harness.store
        try store.initialise(.one)
        try store.rows(.one, #"{"n":-1}"#)
        harness.server.kill()
        #expect(eventually { !store.hindrances.isEmpty })
        #expect(store.hindrances.first?.name == "store-unreachable")
        let replies = Replies(count: 20)
        for number in 0..<20 {
            let write = RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
            store.submit(write) { replies.set(number, $0) }
        }
        try harness.server.start()
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.allSatisfy { $0.refusal == nil } == true)
        #expect(try store.text(.metricsRows, of: .one) == (-1..<20).map { "{\"n\":\($0)}\n" }.joined())
        #expect(eventually { store.hindrances.isEmpty })
    }

    @Test func writesAreRefusedWhenTheDatabaseStaysAway() throws {
        let harness = try PostgresHarness(on: PostgresServer()) { $0.patience = 1 }
        try harness.store.initialise(.one)
        harness.server.kill()
        let refusal = try harness.store.refusal(of: RunWrite(.run(.one), .change([.rows(try .make([#"{"n":1}"#]))])))
        guard case .unreachable? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(throws: StoreError.self) { try harness.store.snapshot(of: .one) }
        try harness.server.start()
        try harness.store.rows(.one, #"{"n":2}"#)
        #expect(try harness.store.text(.metricsRows, of: .one) == "{\"n\":2}\n")
    }

    @Test func connectionsThatAreCutInTheMiddleOfCommitsLoseAndDoubleNothing() throws {
        let harness = try PostgresHarness()
        let store = harness.store
        try store.initialise(.one)
        let count = 600
        let replies = Replies(count: count)
        for number in 0..<count {
            let write = RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
            store.submit(write) { replies.set(number, $0) }
            if number % 60 == 30 {
                try harness.server.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(harness.database)' AND pid <> pg_backend_pid()"
                )
            }
        }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.allSatisfy { $0.refusal == nil } == true)
        let found = (try store.text(.metricsRows, of: .one) ?? "").split(separator: "\n").compactMap {
            Int($0.dropFirst(5).dropLast())
        }
        #expect(found.sorted() == Array(0..<count))
    }

    @Test func aDatabaseThatDoesNotSyncIsRefused() throws {
        let server = try PostgresServer.shared.get()
        let address = server.address(of: try server.makeDatabase())
        let failure = #expect(throws: PostgresRunStore.OpenFailure.self) { try PostgresRunStore(at: address).close() }
        #expect(failure?.description.contains("fsync") == true)
    }

    @Test func twoServersThatStartAtOnceMakeTheTablesOnce() throws {
        let server = try PostgresServer.shared.get()
        let address = server.address(of: try server.makeDatabase())
        let openings = (0..<4).map { _ in
            BackgroundJob {
                let store = try PostgresRunStore(at: address, settings: .tests)
                defer { store.close() }
                return try store.columns().count
            }
        }
        for opening in openings { #expect(try opening.result() > 0) }
    }
}
