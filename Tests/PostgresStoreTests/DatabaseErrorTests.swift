import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// What PostgreSQL reports: what passes is done again, what does not refuses the write that has it, and is told by its
/// cause.
@Suite struct DatabaseErrorTests {
    private static func row(_ number: Int, of run: RunID = .one) throws -> RunWrite {
        RunWrite(.run(run), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
    }

    // MARK: Errors by their codes

    /// Serialization failure, deadlock, a row that another server made, statement timeout, lock timeout, a standby, too
    /// many clients.
    @Test(arguments: ["40001", "40P01", "23505", "57014", "55P03", "25006", "53300"], [false, true])
    func whatPassesIsDoneAgainAndOnce(state: String, inTheCommit: Bool) throws {
        let harness = try PostgresHarness()
        let other = try harness.another()
        defer { other.close() }
        try harness.store.initialise(.one)
        try harness.failing("nextval('failures') % 3 <> 0", state, isDeferred: inTheCommit)
        let stores: [any RunStore] = [harness.store, other]
        let replies = Replies(count: 20)
        for number in 0..<20 { stores[number % 2].submit(try Self.row(number)) { replies.set(number, $0) } }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.compactMap(\.refusal).isEmpty == true)
        #expect(try harness.numbers().sorted() == Array(0..<20))
        #expect(try harness.miscounted() == "")
        #expect(eventually { stores.allSatisfy(\.hindrances.isEmpty) })
    }

    @Test func onlyTheWriteThatFailsIsRefused() throws {
        let harness = try PostgresHarness()
        for run in [RunID.one, .two] { try harness.store.initialise(run) }
        for (state, isExpected) in [
            ("53100", { if case .diskFull? = $0 { true } else { false } }),
            ("53200", { if case .shortage? = $0 { true } else { false } }),
            ("58030", { if case .failed? = $0 { true } else { false } }),
        ] as [(String, (StoreError?) -> Bool)] {
            try harness.failing("EXISTS (SELECT FROM row_columns WHERE run = 'two')", state)
            let writes = try (0..<10).map { try Self.row($0, of: $0 == 5 ? .two : .one) }
            let refusals = try harness.store.writeTogether(writes).map(\.refusal)
            #expect(refusals.indices.filter { refusals[$0] != nil } == [5])
            #expect(isExpected(refusals[5]), "\(state): \(String(describing: refusals[5]))")
            #expect(try harness.numbers(of: .two) == [])
            try harness.sql("DROP TRIGGER failure ON batches; DROP FUNCTION fail; DROP SEQUENCE failures")
        }
        #expect(try harness.numbers().count == 27)
        try harness.store.write(Self.row(1, of: .two).target, Self.row(1, of: .two).action)
        #expect(try harness.numbers(of: .two) == [1])
        #expect(eventually { harness.store.hindrances.isEmpty })
    }

    // MARK: Locks

    /// SQL that takes the lock of a run's key.
    private static func lock(_ key: String) -> String { "SELECT pg_advisory_xact_lock(hashtextextended('\(key)', 0))" }

    @Test(arguments: ["lock_timeout", "statement_timeout"])
    func aWriteThatWaitsForALockForTooLongIsDoneAgain(setting: String) throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one)
        try harness.set(setting, to: "'250ms'")
        let session = try SQLSession(harness.server, harness.database)
        session.run("SET \(setting) = 0; BEGIN; \(Self.lock("one"))")
        let replies = Replies(count: 1)
        harness.store.submit(try Self.row(1)) { replies.set(0, $0) }
        let error = "due to \(setting.split(separator: "_").joined(separator: " "))"
        #expect(eventually { harness.server.hasReported(error, in: harness.database) })
        #expect(replies.all == nil)
        session.run("COMMIT")
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.first?.refusal == nil)
        #expect(try harness.numbers() == [1])
    }

    @Test func aWriteWhoseLockIsNeverReleasedIsRefused() throws {
        let harness = try PostgresHarness { $0.patience = 1 }
        try harness.store.initialise(.one)
        try harness.set("lock_timeout", to: "'20ms'")
        let session = try SQLSession(harness.server, harness.database)
        session.run("SET lock_timeout = 0; BEGIN; \(Self.lock("one"))")
        guard case .unreachable? = try harness.store.refusal(of: Self.row(1)) else {
            Issue.record("a write whose run is locked was not refused as one that may be sent again")
            return
        }
        session.run("COMMIT")
        try harness.store.rows(.one, #"{"n":2}"#)
        #expect(try harness.numbers() == [2])
    }

    /// Two sessions wait for one another, and the database ends the store's transaction.
    @Test func aDeadlockIsResolvedAndTheWriteDoneOnce() throws {
        let harness = try PostgresHarness()
        try harness.set("deadlock_timeout", to: "'300ms'")
        let session = try SQLSession(harness.server, harness.database)
        // The other session gives way only where it came too late for the two to wait for one another.
        session.run("SET deadlock_timeout = '1h'; SET lock_timeout = '3s'")
        var rounds = 0
        while !harness.server.hasReported("deadlock detected", in: harness.database), rounds < 20 {
            rounds += 1
            let run = try #require(RunID("run-\(rounds)"))
            // Initialising locks a run and what waits in the session, in this order.
            let keys = try harness.sql(
                "SELECT k FROM unnest(ARRAY['\(run)', '@default']) k ORDER BY hashtextextended(k, 0)"
            ).split(separator: "\n").map(String.init)
            session.run("BEGIN; \(Self.lock(keys[1]))")
            let replies = Replies(count: 1)
            harness.store.submit(RunWrite(.run(run), .initialise(session: .default, RunStart()))) {
                replies.set(0, $0)
            }
            #expect(
                try eventually {
                    try harness.sql(
                        """
                        SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                        WHERE NOT granted AND locktype = 'advisory' AND datname = current_database()
                        """) != "0\n"
                })
            session.run("\(Self.lock(keys[0])); COMMIT")
            #expect(eventually { replies.all != nil })
            #expect(try replies.all?.first?.get().existed == false)
        }
        #expect(harness.server.hasReported("deadlock detected", in: harness.database))
        #expect(try harness.store.listed().count == rounds)
    }

    // MARK: Connections

    @Test func connectionsThatTheDatabaseEndsForTheirIdlenessAreMadeAnew() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one)
        try harness.set("idle_session_timeout", to: "'100ms'")
        for number in 0..<3 {
            try harness.store.rows(.one, "{\"n\":\(number)}")
            #expect(try harness.numbers() == Array(0...number))
            // What was used is idle from here on.
            #expect(
                try eventually {
                    try harness.sql(
                        """
                        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                        AND application_name = 'rundir' AND query NOT LIKE '%transaction_read_only%'
                        """) == "0\n"
                })
        }
        #expect(harness.server.hasReported("idle-session timeout", in: harness.database))
    }

    @Test func aTransactionThatTheDatabaseEndsForItsIdlenessIsDoneAgain() throws {
        let server = try PostgresServer.shared.get()
        let proxy = try PostgresProxy(to: server)
        let harness = try PostgresHarness(at: [proxy.path])
        try harness.store.initialise(.one)
        try harness.set("idle_in_transaction_session_timeout", to: "'200ms'")
        proxy.delay(seconds: 0.6)
        let replies = Replies(count: 1)
        harness.store.submit(try Self.row(1)) { replies.set(0, $0) }
        #expect(eventually { server.hasReported("idle-in-transaction timeout", in: harness.database) })
        proxy.delay(seconds: 0)
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.first?.refusal == nil)
        #expect(try harness.numbers() == [1])
    }

    @Test func aDatabaseWithTooManyClientsIsWaitedFor() throws {
        let server = try PostgresServer("max_connections=6", "superuser_reserved_connections=0", "max_wal_senders=0")
        let harness = try PostgresHarness(on: server) { ($0.writers, $0.readers) = (1, 1) }
        #expect(eventually { harness.store.hindrances.isEmpty })
        let sessions = try (0..<6).map { _ in try SQLSession(server, harness.database) }
        // Those that the store has not taken; it connects for writes and reads when it needs to.
        let answers = sessions.map { $0.run("SELECT 1") }
        #expect(answers.contains { $0.contains("too many clients") }, "\(answers)")
        let replies = Replies(count: 1)
        harness.store.submit(RunWrite(.run(.one), .initialise(session: .default, RunStart()))) { replies.set(0, $0) }
        #expect(eventually { server.log.contains("too many clients") && !harness.store.hindrances.isEmpty })
        #expect(throws: StoreError.self) { try harness.store.snapshot(of: .one) }
        #expect(replies.all == nil)
        for session in sessions { session.end() }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.first?.refusal == nil)
        #expect(try harness.store.listed() == ["one"])
        #expect(eventually { harness.store.hindrances.isEmpty })
    }
}
