import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing
import Threads

/// Servers that take no writes, standbys that are promoted, and commits that wait for a standby.
@Suite struct StandbyTests {
    private static func row(_ number: Int) throws -> RunWrite {
        RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
    }

    /// A server, and a standby that it waits for.
    private static func pair() throws -> (primary: PostgresServer, standby: PostgresServer) {
        let primary = try PostgresServer()
        let standby = try PostgresServer(standbyOf: primary)
        try primary.set("synchronous_standby_names", to: "'*'")
        #expect(
            try eventually {
                try primary.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1\n"
            })
        return (primary, standby)
    }

    // MARK: Promotion

    /// The address names both; a writer each waits for its reply, and goes on after a refusal.
    @Test func aStandbyThatIsPromotedHasAllThatWasAcknowledged() throws {
        let (primary, standby) = try Self.pair()
        let harness = try PostgresHarness(
            on: primary, at: [primary.path, standby.path])
        let store = harness.store
        try store.initialise(.one)
        let acknowledged = Monitor([Int]())
        let isOver = Flag()
        let writers = (0..<8).map { writer in
            BackgroundJob {
                var number = writer
                while !isOver.isSet {
                    if try store.refusal(of: Self.row(number)) == nil { acknowledged.withLock { $0.append(number) } }
                    number += 8
                }
            }
        }
        var count: Int { acknowledged.withLock { $0.count } }
        #expect(eventually { count > 200 })
        primary.kill()
        #expect(eventually { store.hindrances.first?.name == "store-unreachable" })
        let before = count
        try standby.sql("SELECT pg_promote()")
        #expect(eventually { count > before + 200 }, "it goes on by itself")
        isOver.set()
        for writer in writers { try writer.result() }
        let found = try harness.numbers()
        #expect(Set(acknowledged.withLock { $0 }).subtracting(found) == [], "acknowledged, and lost")
        #expect(Set(found).count == found.count, "doubled")
        #expect(eventually { store.hindrances.isEmpty })
    }

    /// An address that moves to the standby before that is promoted.
    @Test func aStandbyTakesNoWritesUntilItIsPromoted() throws {
        let (primary, standby) = try Self.pair()
        let proxy = try PostgresProxy(to: primary)
        let harness = try PostgresHarness(on: primary, at: [proxy.path]) { $0.patience = 1 }
        let store = harness.store
        try store.initialise(.one)
        try store.rows(.one, #"{"n":1}"#)
        #expect(
            eventually {
                (try? standby.sql("SELECT count(*) FROM rundir.runs", in: harness.database)) == "1\n"
            })
        proxy.lead(to: standby)
        #expect(eventually { store.hindrances.first?.name == "store-unreachable" })
        guard case .unreachable? = try store.refusal(of: Self.row(2)) else {
            Issue.record("a standby took a write, or refused it for another reason")
            return
        }
        #expect(try harness.numbers() == [1], "reads go on")
        // A server that starts meanwhile waits like the others.
        let late = try harness.another()
        defer { late.close() }
        #expect(eventually { late.hindrances.first?.name == "store-unreachable" })
        try standby.sql("SELECT pg_promote()")
        #expect(eventually { store.hindrances.isEmpty && late.hindrances.isEmpty })
        try store.rows(.one, #"{"n":3}"#)
        #expect(try harness.numbers() == [1, 3])
        #expect(try harness.store.listed() == ["one"])
    }

    // MARK: Read-only

    /// Sessions keep the setting that they began with, so that new ones have to be made.
    @Test func aDatabaseThatIsReadOnlyForAWhileIsGoneOnWith() throws {
        let harness = try PostgresHarness { $0.patience = 1 }
        let (server, database) = (harness.server, harness.database)
        try harness.store.initialise(.one)
        try server.sql("ALTER DATABASE \(database) SET default_transaction_read_only = on")
        try server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database)'")
        #expect(eventually { harness.store.hindrances.first?.name == "store-unreachable" })
        guard case .unreachable? = try harness.store.refusal(of: Self.row(1)) else {
            Issue.record("a database that is read-only took a write, or refused it for another reason")
            return
        }
        // What is listed has to be brought up to date first.
        #expect(throws: StoreError.self) { try harness.store.listed() }
        #expect(try harness.numbers() == [])
        try server.sql("ALTER DATABASE \(database) RESET default_transaction_read_only")
        #expect(eventually { harness.store.hindrances.isEmpty })
        try harness.store.rows(.one, #"{"n":2}"#)
        #expect(try harness.numbers() == [2])
        #expect(try harness.store.listed() == ["one"])
    }

    // MARK: Waiting for a standby

    /// The database commits by itself then, and warns (`pg_cancel_backend`), or says nothing at all
    /// (`pg_terminate_backend`).
    @Test(arguments: ["pg_cancel_backend", "pg_terminate_backend"])
    func aCommitWhoseWaitForAStandbyIsCutShortIsNotAcknowledged(function: String) throws {
        let server = try PostgresServer()
        let harness = try PostgresHarness(on: server)
        try harness.store.initialise(.one)
        try server.set("synchronous_standby_names", to: "'nobody'")
        #expect(try eventually { try server.sql("SHOW synchronous_standby_names") == "nobody\n" })
        /// The sessions that wait.
        func waiting() throws -> Set<Substring> {
            let found = try server.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            return Set(found.split(separator: "\n"))
        }
        let replies = Replies(count: 1)
        harness.store.submit(try Self.row(1)) { replies.set(0, $0) }
        #expect(try eventually { try !waiting().isEmpty })
        let first = try waiting()
        try server.sql("SELECT \(function)(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        // The store finds that it was committed, and waits for the standby again.
        #expect(try eventually { try !waiting().subtracting(first).isEmpty })
        #expect(replies.all == nil)
        try server.set("synchronous_standby_names", to: nil)
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.first?.refusal == nil)
        #expect(try harness.numbers() == [1])
    }

    @Test func aCommitThatNoStandbyConfirmsIsRefused() throws {
        let server = try PostgresServer()
        let harness = try PostgresHarness(on: server) { $0.patience = 1 }
        try harness.store.initialise(.one)
        try server.set("synchronous_standby_names", to: "'nobody'")
        #expect(try eventually { try server.sql("SHOW synchronous_standby_names") == "nobody\n" })
        guard case .unreachable? = try harness.store.refusal(of: Self.row(1)) else {
            Issue.record("what no standby has was acknowledged, or refused for another reason")
            return
        }
        try server.set("synchronous_standby_names", to: nil)
        #expect(try eventually { try server.sql("SHOW synchronous_standby_names") == "\n" })
        try harness.store.rows(.one, #"{"n":2}"#)
        let found = try harness.numbers()
        #expect(Set(found).count == found.count && found.contains(2))
    }
}
