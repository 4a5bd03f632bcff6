internal import Glibc
internal import RunMetadata
internal import RunStore
internal import Threads

/// Commits one batch. Repeats it after failures that may pass, until its writes have waited too long.
final class CommitAttempt {
    private var writes: [WaitingWrite]
    private let committer: Committer
    private var hasTurn = true

    init(_ writes: [WaitingWrite], _ committer: Committer) { (self.writes, self.committer) = (writes, committer) }

    func releaseTurn() {
        if hasTurn { committer.releaseTurn() }
        hasTurn = false
    }

    private func takeTurn() {
        if !hasTurn { committer.takeTurn() }
        hasTurn = true
    }

    /// Does the writes, and completes each.
    /// - Parameter connection: the thread's; replaced by a new one if it is lost
    func run(_ connection: inout Connection?) {
        var pause = 0.002
        while !writes.isEmpty {
            takeTurn()
            let batch: Batch
            do throws(DatabaseError) {
                let open = try committer.connection(connection)
                connection = open
                batch = committer.batch(writes, on: open)
            } catch {
                recover(from: error, &connection, &pause)
                continue
            }
            do throws(DatabaseError) { return complete(try commit(batch), batch) } catch {
                if error.isLost, let fate = fate(of: batch, &connection) { return complete(fate, batch) }
                recover(from: error, &connection, &pause)
            }
        }
    }

    /// The results of the writes of the batch that is being committed, valid if it was committed.
    private var results: [Result<WriteOutcome, StoreError>]?

    private func commit(_ batch: Batch) throws(DatabaseError) -> [Result<WriteOutcome, StoreError>] {
        results = nil
        let start = monotonicNanoseconds()
        try batch.begin()
        let results = try batch.apply()
        releaseTurn()
        self.results = results
        try batch.connection.commit(batch.commitStatements)
        batch.rememberColumns()
        committer.counts.note(
            writes: writes.count { !$0.isReserving }, bytes: batch.pieces.reduce(0) { $0 + $1.bytes.count },
            seconds: Double(monotonicNanoseconds() - start) / 1e9)
        committer.noteReachable(nil)
        return results
    }

    private func complete(_ results: [Result<WriteOutcome, StoreError>], _ batch: Batch) {
        releaseTurn()
        committer.tell(batch)
        for (index, result) in results.enumerated() {
            batch.waiting[index].completion(result, batch.reservations[index])
        }
        writes = []
    }

    /// After the connection was lost during the commit: asks the database whether the batch was committed.
    /// - Returns: the results if it was; nil if it was not, so that it can be done again. If this cannot be found out
    ///   in time, the writes are refused; they may have been committed
    private func fate(
        of batch: Batch, _ connection: inout Connection?
    ) -> [Result<WriteOutcome, StoreError>]? {
        guard let results, !batch.transaction.isEmpty else { return nil }
        connection = nil
        while true {
            do throws(DatabaseError) {
                let open = try committer.connection(connection)
                connection = open
                if let isCommitted = try batch.isCommitted(on: open) { return isCommitted ? results : nil }
            } catch {
                committer.noteReachable(error)
                connection = nil
            }
            let now = monotonicNanoseconds()
            if writes.allSatisfy({ committer.isLate($0, now) }) {
                _ = refuseLate(.unreachable("the connection to the database was lost during a commit"))
                return []
            }
            usleep(20_000)
        }
    }

    private func recover(from error: DatabaseError, _ connection: inout Connection?, _ pause: inout Double) {
        if connection?.isLost ?? true || connection?.isAbandoned ?? true || error.isLost || error.isReadOnly {
            // A new connection may reach a server that takes writes, or the same server after it began to.
            connection = nil
        } else {
            _ = try? connection?.run(.rollback)
        }
        if error.isUnavailable || error.isFull { committer.noteReachable(error) }
        guard error.isTransient || error.isUnavailable else { return refuse(error, &connection) }
        if refuseLate(error.storeError) { return }
        usleep(UInt32(pause * 1e6))
        pause = min(pause * 2, 0.5)
    }

    /// After a failure that does not pass: does each write alone, to find out which ones fail.
    private func refuse(_ error: DatabaseError, _ connection: inout Connection?) {
        let all = writes
        writes = []
        if all.count == 1 { return all[0].completion(.failure(error.storeError), nil) }
        for write in all {
            takeTurn()
            let attempt = CommitAttempt([write], committer)
            attempt.run(&connection)
            hasTurn = attempt.hasTurn
        }
    }

    /// Refuses the writes that have waited for too long, in this batch and in the queue.
    /// - Returns: whether no write is left
    private func refuseLate(_ error: StoreError) -> Bool {
        let now = monotonicNanoseconds()
        let late = writes.filter { committer.isLate($0, now) }
        if !late.isEmpty {
            writes.removeAll { committer.isLate($0, now) }
            results = nil
            for write in late { write.completion(.failure(error), nil) }
        }
        committer.refuseLate(error)
        return writes.isEmpty
    }
}
