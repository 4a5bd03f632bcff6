internal import LocalFiles
internal import Logging

/// Writes that are in the journal, but could not be applied to the run directories.
extension Committer {
    /// Notes writes of the last frame that failed, to make that durable, so that recovery does not apply them.
    func refuse(_ failures: [Int: FileFailure], _ plans: [WritePlan], sequence: UInt64) {
        if let failure = applier.halfDone ?? logs.halfDone { return fail(failure) }
        for index in failures.keys.sorted() {
            let plan = plans[index]
            for record in plan.records {
                refusedFiles.insert(record.folder, record.path ?? "")
                if case .activate(let session) = record.step { refusedFiles.sessions.insert(session) }
                // The file is back there.
                if case .adopt(let path, let other, _) = record.step { refusedFiles.insert(other, path) }
            }
            if plan.rows != nil { refusedFiles.insert(plan.folder, MetricsLogs.file) }
            refused.append(JournalFrame.WriteID(sequence: sequence, index: UInt32(index)))
        }
        do throws(FileFailure) { try settleRefused() } catch {
            if !error.isSync, error.isNoSpace || error.isShortage {
                log.error("a refused write may come back after a crash, until there is room: \(error)")
            } else {
                fail(error)
            }
        }
    }

    /// Makes it durable that writes were refused, before anything else is written.
    func settleRefused() throws(FileFailure) {
        guard !refused.isEmpty else { return }
        try spares.lending { () throws(FileFailure) in try applier.finishTakingBack() }
        // What was undone must not be half there after a power cut, since nothing will apply it again.
        do throws(FileFailure) {
            _ = try spares.lending { () throws(FileFailure) in try Checkpoint.sync(refusedFiles, paths) }
        } catch {
            guard error.isShortage else { throw error }
            // This needs no new descriptor.
            try Files.syncFileSystem(of: ownership.runs)
        }
        refusedFiles = TouchedFiles()
        try noteRefused()
    }

    /// Records in the journal which writes were refused.
    private func noteRefused() throws(FileFailure) {
        JournalFrame.begin(&note)
        for write in refused {
            note.append(write.sequence)
            note.append(write.index)
        }
        JournalFrame.end(&note, sequence: journal.nextSequence, writes: 0)
        try append(&note)
        refused.removeAll()
    }
}
