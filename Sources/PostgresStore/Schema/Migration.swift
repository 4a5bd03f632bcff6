internal import Glibc

/// Creates and migrates the schema, and checks that this server can use the database.
struct Migration {
    let connection: Connection
    /// The steps from version 1 to the needed version.
    var steps = Schema.steps

    /// The version that was found, and what was done.
    struct Outcome: Equatable {
        /// The version before; nil: there were no tables.
        let before: Int?
        /// The version now.
        let after: Int
        /// The descriptions of the steps that were taken.
        let taken: [String]
    }

    private var needed: Int { Schema.versionAfter(steps) }

    /// For server start: creates the tables if there are none and this is wanted. Writes nothing if there are tables.
    /// - Returns: the name of the series of event numbers
    /// - Throws: if there is no schema, if it has another version, or if the connection fails
    func series(makesTables: Bool) throws(DatabaseError) -> String {
        var there = try found()
        if there == nil, makesTables {
            _ = try bringUp(onlyIfEmpty: true)
            there = try found()
        }
        guard let there else {
            throw refusal("the database has no runs: there is no schema \"\(Schema.name)\" in it; check the address")
        }
        if let reason = mismatch(there.version) { throw refusal(reason) }
        return there.series
    }

    /// Why a server cannot use a schema; nil if it can.
    private func mismatch(_ version: Int) -> String? {
        let there = "the schema \"\(Schema.name)\" has version \(version), and this rundir needs version \(needed): "
        if version < needed { return there + "stop all servers, and run `rundir migrate`" }
        if version > needed { return there + "use a newer rundir, one that has version \(version)" }
        return nil
    }

    /// The version of the schema and the name of its series; nil if there is none.
    private func found() throws(DatabaseError) -> (version: Int, series: String)? {
        let isThere = Statement("SELECT to_regclass('\(Schema.name).store') IS NOT NULL")
        guard try connection.run(isThere).bool(0, 0) else { return nil }
        let store = try connection.run(Statement("SELECT version, series FROM store", isKept: false))
        return (store.int(0, 0), store.text(0, 1))
    }

    /// Creates the tables if there are none, and migrates older ones, in one transaction. If several servers do so at
    /// once, one does the work, and the others find it done.
    /// - Parameter onlyIfEmpty: leaves older tables as they are
    /// - Throws: if the schema is newer than this server, or the connection fails
    func bringUp(onlyIfEmpty: Bool = false) throws(DatabaseError) -> Outcome {
        let lock = Statement(
            "SELECT pg_advisory_xact_lock($1::int4, $2::int4)", .int(Schema.Lock.group), .int(Schema.Lock.migration))
        do throws(DatabaseError) {
            try connection.run([.begin, lock, Statement("CREATE SCHEMA IF NOT EXISTS \(Schema.name)"), .commit])
            try connection.run([.begin, lock])
            let before = try found()?.version
            if let before, before > needed, let reason = mismatch(before) { throw refusal(reason) }
            if let before, before < 1 { throw refusal("this rundir knows no schema of version \(before)") }
            var taken: [String] = []
            if before == nil { try make() }
            if before == nil || !onlyIfEmpty {
                for step in steps.dropFirst((before ?? 1) - 1) {
                    try connection.run(step.statements.map { Statement($0, isKept: false) })
                    if before != nil { taken.append(step.what) }
                }
                try connection.run(Statement("UPDATE store SET version = $1", .int(needed)))
            }
            try connection.run(.commit)
            return Outcome(before: before, after: onlyIfEmpty ? before ?? needed : needed, taken: taken)
        } catch {
            if !error.isLost { _ = try? connection.run(.rollback) }
            throw error
        }
    }

    /// Creates the tables of version 1.
    private func make() throws(DatabaseError) {
        let series = String(UInt64.random(in: 1 << 48..<1 << 62), radix: 36)
        try connection.run(
            Schema.first.map { Statement($0, isKept: false) } + [
                Statement("INSERT INTO store (version, series) VALUES (1, $1)", .text(series))
            ])
    }

    private func refusal(_ reason: String) -> DatabaseError { DatabaseError(state: "0A000", message: reason) }

    /// Checks the settings of the database that the server relies on.
    /// - Parameter needsSync: whether to refuse a database that does not sync
    func check(needsSync: Bool) throws(DatabaseError) {
        let settings = try connection.run(
            Statement(
                """
                SELECT current_setting('server_version_num')::int8, current_setting('server_encoding'),
                    current_setting('fsync') = 'on'
                """))
        if settings.int(0, 0) < 150_000 { throw refusal("PostgreSQL 15 or later is needed") }
        if settings.text(0, 1) != "UTF8" {
            throw refusal(
                "the database's encoding is \(settings.text(0, 1)), and UTF8 is needed: CREATE DATABASE … ENCODING 'UTF8'"
            )
        }
        if needsSync, !settings.bool(0, 2) {
            throw refusal(
                "the database has fsync off, so that a power failure loses what was acknowledged; turn it on")
        }
    }
}
