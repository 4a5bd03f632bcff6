internal import Limits
internal import RunMetadata
internal import RunStore

/// The limits over all requests (`RunRules`).
///
/// The counts of all runs are those at the batch's beginning: additions by other batches at the same time are not seen.
/// If the number of runs is limited, batches with new runs take turns, so that this limit is never exceeded.
extension Batch {
    /// Refuses a change of a run that would exceed a limit.
    /// - Parameter waiting: what waited for a session's next run and becomes part of this change
    /// - Returns: the batch's changes of the counts, with this one
    func countsAllowing(
        _ before: WorkingRun, _ after: WorkingRun, takingOver waiting: WorkingRun?, by write: RunWrite
    ) throws(StoreError) -> RunCounts {
        if after.hasAll {
            try rules.checkProperties(after.propertyCount, before: before.propertyCount)
        }
        var counts = counts
        counts.remove(before)
        counts.add(after)
        if let waiting { counts.remove(waiting) }
        if !write.action.isOfItsEnd {
            try rules.checkBytes(ofRun: after.bytes, before: before.bytes)
            if let totals {
                try rules.checkBytes(ofAll: totals.bytes + counts.bytes, before: totals.bytes + self.counts.bytes)
            }
        }
        if let totals, counts.runs > self.counts.runs { try rules.checkRuns(totals.runs + counts.runs) }
        if counts.pending > self.counts.pending { try checkPending(counts, of: after.sender) }
        return counts
    }

    private func checkPending(_ counts: RunCounts, of sender: String?) throws(StoreError) {
        let all = try pending(of: nil, upTo: rules.mostPending) + counts.pending
        var ofSender = 0
        if let sender, let most = rules.mostPendingOfSender {
            ofSender = try pending(of: sender, upTo: most) + (counts.pendingOfSender[sender] ?? 0)
        }
        try rules.checkPending(all, ofSender: ofSender)
    }

    /// The number of pending runs and sessions in the database, by one sender or in all. The count stops where more
    /// would make no difference: a write removes at most two.
    private func pending(of sender: String?, upTo limit: Limit) throws(StoreError) -> Int {
        if let known = storedPending[sender] { return known }
        let most = Parameter.int(limit.most + 2 * waiting.count)
        let statement =
            if let sender {
                Statement(
                    "SELECT count(*) FROM (SELECT FROM runs WHERE place = 3 AND sender = $2 LIMIT $1) waiting", most,
                    .text(sender))
            } else {
                Statement("SELECT count(*) FROM (SELECT FROM runs WHERE place = 3 LIMIT $1) waiting", most)
            }
        let count = try ask(statement).int(0, 0)
        storedPending[sender] = count
        return count
    }
}
