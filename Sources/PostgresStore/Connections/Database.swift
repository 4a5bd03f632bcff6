/// Where the runs are, and how connections to it are made.
struct Database: Sendable {
    /// A URI (`postgres://…`) or keywords of libpq.
    let address: String
    /// Seconds without an answer after which a connection counts as lost.
    let patience: Double

    /// A connection that is ready for statements on the store's tables.
    func connect() throws(DatabaseError) -> Connection {
        let connection = try Connection(address, patience: patience)
        _ = try connection.run([
            Statement("SELECT set_config('search_path', $1, false)", .text(Schema.name)),
            // What is told to be durable has been synced, whatever the database's or the role's default.
            Statement(
                """
                SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
                """),
            // Locks of a server that hangs are released.
            Statement(
                """
                SELECT set_config('idle_in_transaction_session_timeout', '60s', false)
                WHERE current_setting('idle_in_transaction_session_timeout') = '0'
                """),
            // What is read behind a lock is what was committed before it was given.
            Statement("SET default_transaction_isolation = 'read committed'"),
            // Compiling takes longer than statements like these.
            Statement("SET jit = off"),
        ])
        return connection
    }
}
