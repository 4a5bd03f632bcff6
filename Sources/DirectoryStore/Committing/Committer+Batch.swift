internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// One batch of planned writes: its frame is journaled, its steps are done, its writes are completed.
extension Committer {
    /// A write with its plan.
    struct Planned {
        let plan: WritePlan
        let pending: PendingWrite

        func complete(_ result: Result<WriteOutcome, StoreError>) { pending.completion(result) }
    }

    func beginBatch() {
        logs.beginBatch()
        applier.beginBatch()
        pending.beginBatch()
        runs.beginBatch()
        space?.beginBatch()
        plannedEnds.beginBatch()
        plannedStarts.removeAll()
        JournalFrame.begin(&frame)
    }

    /// Makes the batch durable and visible, completes its writes, and empties it.
    func flush(_ batch: inout [Planned]) {
        guard !batch.isEmpty else { return }
        defer {
            batch.removeAll(keepingCapacity: true)
            beginBatch()
        }
        let isRows = batch.allSatisfy { $0.plan.records.isEmpty }
        if let refusal = absence(isRows: isRows) ?? journalFrame(writes: batch.count) {
            for write in batch {
                for record in write.plan.records { logs.forget(record.folder) }
                logs.forget(write.plan.folder)
                space?.doubt(write.plan)
                write.complete(.failure(refusal))
            }
            return
        }
        let sequence = journal.nextSequence - 1
        let failures = apply(batch)
        if !failures.isEmpty { refuse(failures, batch.map(\.plan), sequence: sequence) }
        if !isRows { applied?.note(sequence) }
        if changes.isWatched { tellOfChanges(batch.indices.filter { failures[$0] == nil }.map { batch[$0].plan }) }
        for (index, write) in batch.enumerated() {
            if let failure = failures[index] {
                logs.forget(write.plan.folder)
                space?.doubt(write.plan)
                // Recovery will apply a write that could be neither done nor undone.
                write.complete(.failure(refusal ?? explained(StoreError(failure))))
            } else {
                note(write.plan)
                write.complete(.success(write.plan.outcome))
            }
        }
        if journal.isFull(for: settings.segmentSlack) { sealSegment() }
    }

    /// Writes and syncs the batch's frame.
    /// - Returns: why not, or nil
    private func journalFrame(writes: Int) -> StoreError? {
        let needed = UInt64(frame.count * 2 + writes * 4096)
        if let free = room.lacks(needed, beside: UInt64(settings.reserve)) {
            return .diskFull("\(free / 1024) KiB are free on the disk of the runs directory")
        }
        do throws(FileFailure) {
            try settleRefused()
            if journal.isFull(for: frame.count) { sealSegment() }
            JournalFrame.end(&frame, sequence: journal.nextSequence, writes: writes)
            try append(&frame)
            counts.count(writes: writes, bytes: frame.count, syncNanoseconds: journal.syncNanoseconds)
            return nil
        } catch {
            return refusal ?? StoreError(error)
        }
    }

    /// Applies the steps of the writes in order, then appends their rows.
    /// - Returns: the writes that failed, by their index in the batch. They have left nothing, or `halfDone` says so
    private func apply(_ batch: [Planned]) -> [Int: FileFailure] {
        var failures: [Int: FileFailure] = [:]
        var failedFolders: [String: FileFailure] = [:]
        for (index, write) in batch.enumerated() {
            do throws(FileFailure) {
                // If an earlier write to the same run failed, this one's plan no longer holds.
                if let failure = failedFolders[write.plan.folder] { throw failure }
                if !write.plan.records.isEmpty {
                    try spares.lending { () throws(FileFailure) in try applier.apply(write.plan.records) }
                }
                if let rows = write.plan.rows { logs.add(rows.bytes, to: rows.log) }
            } catch {
                failures[index] = error
                failedFolders[write.plan.folder] = error
            }
        }
        let failedRows = logs.flush(spares)
        if failedRows.isEmpty { return failures }
        for (index, write) in batch.enumerated() where failures[index] == nil && write.plan.rows != nil {
            guard let failure = failedRows[write.plan.folder] else { continue }
            failures[index] = failure
            if !write.plan.records.isEmpty { applier.uncreate(write.plan.folder) }
        }
        return failures
    }

    private func tellOfChanges(_ plans: [WritePlan]) {
        for plan in plans {
            if plan.rows != nil { foreignChanges?.noteOwnRows(plan.folder) }
            for folder in Set(plan.records.map(\.folder)) { foreignChanges?.noteOwn(folder, plan.records) }
        }
        changes.append(plans.flatMap { RunChange.changes(of: $0) })
    }
}
