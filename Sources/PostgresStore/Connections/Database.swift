/// The database with the runs. Opens connections to it.
struct Database: Sendable {
    /// A URI (`postgres://…`) or keywords of libpq.
    let address: String
    /// Seconds without an answer after which a connection counts as lost.
    let patience: Double

    /// Opens a connection that is ready for statements on the store's tables.
    func connect() throws(DatabaseError) -> Connection {
        let connection = try Connection(address, patience: patience)
        _ = try connection.run([
            Statement("SELECT set_config('search_path', $1, false)", .text(Schema.name)),
            // Acknowledged writes have been synced, whatever the default of the database or the role.
            Statement(
                """
                SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
                """),
            // Releases the locks of a server that hangs.
            Statement(
                """
                SELECT set_config('idle_in_transaction_session_timeout', '60s', false)
                WHERE current_setting('idle_in_transaction_session_timeout') = '0'
                """),
            // A read after taking a lock sees what was committed before the lock was granted.
            Statement("SET default_transaction_isolation = 'read committed'"),
            // JIT compilation takes longer than statements like these.
            Statement("SET jit = off"),
        ])
        return connection
    }
}
