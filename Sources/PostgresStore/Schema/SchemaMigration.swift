/// Brings the schema of a database to the version that this binary needs: `rundir migrate`.
///
///     for line in try SchemaMigration(at: "postgres://rundir@db/runs").run() { print(line) }
package struct SchemaMigration {
    /// The version that this binary needs.
    package static var version: Int { Schema.version }

    private let address: String
    private let needsSync: Bool
    private let steps: [Schema.Step]

    /// - Parameters:
    ///   - address: as `PostgresRunStore` takes it
    ///   - needsSync: whether to refuse a database that does not sync
    ///   - steps: additional steps after those of this binary, for tests: the description and the statements of each
    package init(
        at address: String, needsSync: Bool = true, trying steps: [(what: String, statements: [String])] = []
    ) {
        (self.address, self.needsSync) = (address, needsSync)
        self.steps = Schema.steps + steps.map { Schema.Step(what: $0.what, statements: $0.statements) }
    }

    /// Creates the tables if there are none. Applies all missing steps, or none. If several migrations run at once, one
    /// of them does the work.
    /// - Returns: what was done, one line each
    /// - Throws: if the database cannot be reached or used, or its schema is newer
    package func run() throws(PostgresRunStore.OpenFailure) -> [String] {
        do throws(DatabaseError) {
            let connection = try Database(address: address, patience: 10).connect()
            // A step may rewrite a table, or wait for another `migrate`.
            connection.patience = 24 * 3600
            let migration = Migration(connection: connection, steps: steps)
            try migration.check(needsSync: needsSync)
            let outcome = try migration.bringUp()
            let place = "the database \(connection.place)"
            guard let before = outcome.before else {
                return ["made the tables of version \(outcome.after) in \(place)"]
            }
            if before == outcome.after { return ["\(place) has version \(before) already; nothing to do"] }
            return outcome.taken.enumerated().map { "version \(before + $0 + 1): \($1)" } + [
                "brought \(place) from version \(before) to version \(outcome.after)"
            ]
        } catch { throw PostgresRunStore.OpenFailure(description: "cannot bring the schema up: \(error.message)") }
    }
}
