extension Batch {
    /// After the connection was lost during the commit: asks the database whether the batch was committed.
    /// - Parameter other: another connection
    /// - Returns: nil if the transaction has not ended (pg_xact_status): the database may not have noticed that the
    ///   connection is gone, and may still commit
    func isCommitted(on other: Connection) throws(DatabaseError) -> Bool? {
        guard try isOver(on: other) else { return nil }
        // A commit of its own, so that a synchronous standby has the batch too when it returns: the first commit may
        // have been cut off while it waited for the standby.
        let found = try other.commit([
            .begin, Statement("UPDATE batches SET at = now() WHERE number = $1 RETURNING number", .int(number)),
            .commit,
        ])
        return found[1].count > 0
    }

    private func isOver(on other: Connection) throws(DatabaseError) -> Bool {
        do throws(DatabaseError) {
            let status = try other.run(
                Statement("SELECT pg_xact_status($1::xid8)", .text(transaction), isKept: false))
            return status.text(0, 0) != "in progress"
        } catch {
            // Invalid parameter: after a crash, the database has not come to that number again.
            if error.state == "22023" { return true }
            throw error
        }
    }
}
