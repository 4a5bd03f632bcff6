import ArgumentParser
import Limits
import PostgresStore

/// `rundir migrate`.
struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the tables of a PostgreSQL database to the version that this rundir needs.",
        discussion: """
            Stop all servers first: one of the version before does not know the new tables. Tables that are missing are made. All \
            steps are taken, or none; of two that run at once, one does it. This rundir needs version \
            \(SchemaMigration.version). Back the database up before: there is no way back.
            """)

    @OptionGroup var store: StoreOptions

    func validate() throws {
        try Environment.check()
        try store.checkIsThere()
    }

    func run() throws {
        Process.prepare()
        let migration = SchemaMigration(at: store.address ?? "", needsSync: !store.isUnsynced)
        for line in try migration.run() { print(line.shown(atMost: .max)) }
    }
}
