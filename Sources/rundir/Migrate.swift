import ArgumentParser
import Limits
import PostgresStore

/// `rundir migrate`.
struct Migrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Migrate the tables of a PostgreSQL database to the version that this rundir needs.",
        discussion: """
            Stop all servers first: servers of the version before do not know the new tables. Back the database up: \
            there is no other way back. Missing tables are made. All steps are taken, or none; if two migrations run \
            at once, one of them does the work. This rundir needs version \(SchemaMigration.version).
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
