import PostgresStore
import Synchronization
import TestSupport
import Testing

/// The schema is made once, brought up once, and used by those alone who know it.
@Suite struct MigrationTests {
    private let server: PostgresServer
    private let database: String

    init() throws {
        server = try PostgresServer.shared.get()
        database = try server.makeDatabase()
    }

    private var address: String { server.address(of: database) }

    private func migrate(_ steps: [(what: String, statements: [String])] = []) throws -> [String] {
        try SchemaMigration(at: address, needsSync: false, trying: steps).run()
    }

    private func open(makesTables: Bool = true) throws {
        var settings = PostgresSettings.tests
        settings.makesTables = makesTables
        try PostgresRunStore(at: address, settings: settings).close()
    }

    private static let step = (
        what: "a table more", statements: ["CREATE TABLE more (run text)", "INSERT INTO more VALUES ('x')"]
    )

    @Test func tablesAreMadeOnceAndOnlyIfWanted() throws {
        let refusal = #expect(throws: PostgresRunStore.OpenFailure.self) { try open(makesTables: false) }
        #expect(refusal?.description.contains("no runs") == true)
        #expect(try server.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'rundir'", in: database) == "0\n")
        #expect(try migrate()[0].hasPrefix("made the tables of version \(SchemaMigration.version)"))
        #expect(try migrate()[0].hasSuffix("nothing to do"))
        try open(makesTables: false)
    }

    @Test func anOlderSchemaIsBroughtUpByMigrateAlone() throws {
        try open()
        let version = SchemaMigration.version
        #expect(
            try migrate([Self.step]) == [
                "version \(version + 1): a table more",
                "brought the database \(database) at \(place) from version \(version) to version \(version + 1)",
            ])
        #expect(try server.sql("SELECT run FROM rundir.more", in: database) == "x\n")
        // The binary that these tests are of does not know that step.
        let refusal = #expect(throws: PostgresRunStore.OpenFailure.self) { try open() }
        #expect(refusal?.description.contains("use a newer rundir, one that has version \(version + 1)") == true)
        #expect(throws: PostgresRunStore.OpenFailure.self) { try migrate() }
        try server.sql("UPDATE rundir.store SET version = 0", in: database)
        let older = #expect(throws: PostgresRunStore.OpenFailure.self) { try open() }
        #expect(older?.description.contains("has version 0, and this rundir needs version \(version)") == true)
        #expect(older?.description.contains("`rundir migrate`") == true)
        #expect(try server.sql("SELECT version FROM rundir.store", in: database) == "0\n")
    }

    private var place: String { String(address.split(separator: "=").last ?? "") }

    @Test func aStepThatFailsChangesNothing() throws {
        try open()
        let faulty = (what: "a fault", statements: ["SELECT 1/0"])
        #expect(throws: PostgresRunStore.OpenFailure.self) { try migrate([Self.step, faulty]) }
        #expect(try server.sql("SELECT to_regclass('rundir.more') IS NULL", in: database) == "t\n")
        try open()
    }

    @Test func aNewDatabaseTakesAllSteps() throws {
        #expect(try migrate([Self.step])[0].hasPrefix("made the tables of version \(SchemaMigration.version + 1)"))
        #expect(try server.sql("SELECT run FROM rundir.more", in: database) == "x\n")
    }

    @Test(arguments: [true, false])
    func ofSeveralAtOnceOneDoesIt(isNew: Bool) async throws {
        if !isNew { try open() }
        let all = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { try migrate([Self.step]) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(all.count { !$0[0].hasSuffix("nothing to do") } == 1, "\(all)")
        #expect(try server.sql("SELECT count(*) FROM rundir.more", in: database) == "1\n")
    }
}
