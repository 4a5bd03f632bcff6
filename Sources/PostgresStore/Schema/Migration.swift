internal import Glibc

/// Brings the schema up, and checks that the database is one that this server can use.
struct Migration {
    let connection: Connection

    /// Makes the tables if there are none. Two servers that start at once do it once: one waits for the other.
    /// - Returns: the name of the series of event numbers
    /// - Throws: if the schema is of another version, or the connection fails
    func run() throws(DatabaseError) -> String {
        try connection.run([
            .begin,
            Statement(
                "SELECT pg_advisory_xact_lock($1::int4, $2::int4)", .int(Schema.Lock.group), .int(Schema.Lock.migration)
            ),
            Statement("CREATE SCHEMA IF NOT EXISTS \(Schema.name)"),
            .commit,
        ])
        do throws(DatabaseError) { return try migrate() } catch {
            if !error.isLost { _ = try? connection.run(.rollback) }
            throw error
        }
    }

    private func migrate() throws(DatabaseError) -> String {
        let found = try connection.run([
            .begin,
            Statement(
                "SELECT pg_advisory_xact_lock($1::int4, $2::int4)", .int(Schema.Lock.group), .int(Schema.Lock.migration)
            ),
            Statement("SELECT to_regclass('\(Schema.name).store') IS NOT NULL"),
        ])
        if !found[2].bool(0, 0) {
            let series = String(UInt64.random(in: 1 << 48..<1 << 62), radix: 36)
            let tables = Schema.first.map { Statement($0, parameters: [], isKept: false) }
            try connection.run(
                tables + [
                    Statement(
                        "INSERT INTO store (version, series) VALUES ($1, $2)", .int(Schema.version), .text(series))
                ])
        }
        let store = try connection.run([Statement("SELECT version, series FROM store"), .commit])[0]
        let version = store.int(0, 0)
        guard version == Schema.version else {
            throw DatabaseError(
                state: "0A000",
                message:
                    "the schema \"\(Schema.name)\" has version \(version), and this server needs \(Schema.version); "
                    + (version > Schema.version ? "start a newer server" : "migrate it"))
        }
        return store.text(0, 1)
    }

    /// Checks what the server needs of the database's settings.
    /// - Parameter needsSync: whether a database that does not sync is refused
    func check(needsSync: Bool) throws(DatabaseError) {
        let settings = try connection.run(
            Statement(
                """
                SELECT current_setting('server_version_num')::int8, current_setting('server_encoding'),
                    current_setting('fsync') = 'on'
                """))
        func refuse(_ reason: String) -> DatabaseError { DatabaseError(state: "0A000", message: reason) }
        if settings.int(0, 0) < 150_000 { throw refuse("PostgreSQL 15 or later is needed") }
        if settings.text(0, 1) != "UTF8" {
            throw refuse(
                "the database's encoding is \(settings.text(0, 1)), and UTF8 is needed: CREATE DATABASE … ENCODING 'UTF8'"
            )
        }
        if needsSync, !settings.bool(0, 2) {
            throw refuse("the database has fsync off, so that a power failure loses what was acknowledged; turn it on")
        }
    }
}
