internal import LocalFiles
internal import Logging

/// Writes that the journal has, and the run directories did not take.
extension Committer {
    /// Writes of the last frame did not come to pass: makes that durable, so that recovery leaves them.
    func refuse(_ failures: [Int: FileFailure], _ plans: [WritePlan], sequence: UInt64) {
        if let failure = applier.halfDone ?? logs.halfDone { return fail(failure) }
        for index in failures.keys.sorted() {
            let plan = plans[index]
            for record in plan.records {
                refusedFiles.insert(record.folder, record.path ?? "")
                if case .activate(let session) = record.step { refusedFiles.sessions.insert(session) }
                // Where it is again.
                if case .adopt(let path, let other, _) = record.step { refusedFiles.insert(other, path) }
            }
            if plan.rows != nil { refusedFiles.insert(plan.folder, MetricsLogs.file) }
            refused.append(JournalFrame.WriteID(sequence: sequence, index: UInt32(index)))
        }
        do throws(FileFailure) { try settleRefused() } catch {
            if !error.isSync, error.isNoSpace || error.isShortage {
                log.error("a write that was refused may come back after a crash, until there is room: \(error)")
            } else {
                fail(error)
            }
        }
    }

    /// Makes durable that writes were refused, before anything else is written.
    func settleRefused() throws(FileFailure) {
        guard !refused.isEmpty else { return }
        try spares.lending { () throws(FileFailure) in try applier.finishTakingBack() }
        // What was taken back must not be half there after a power cut, when nothing will do it again.
        do throws(FileFailure) {
            _ = try spares.lending { () throws(FileFailure) in try Checkpoint.sync(refusedFiles, paths) }
        } catch {
            guard error.isShortage else { throw error }
            // For this no file has to be opened.
            try Files.syncFileSystem(of: ownership.runs)
        }
        refusedFiles = TouchedFiles()
        try noteRefused()
    }

    /// Tells the journal which writes were refused.
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
