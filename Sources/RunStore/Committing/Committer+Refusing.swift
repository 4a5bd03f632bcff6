internal import Logging

/// Writes that the journal has, and the run directories did not take.
extension Committer {
    /// Takes back what a write did besides its rows, which could not be written.
    func takeBack(_ plan: WritePlan, _ failure: FileFailure?) {
        for record in plan.records {
            switch record.step {
            case .create: applier.uncreate(record.folder)
            default: halfDone = halfDone ?? failure
            }
        }
    }

    /// Writes of the last frame did not come to pass: makes that durable, so that recovery leaves them.
    func refuse(_ failures: [Int: FileFailure], _ plans: [WritePlan], sequence: UInt64) {
        if let failure = halfDone ?? applier.halfDone ?? logs.halfDone { return fail(failure) }
        var touched = TouchedFiles()
        for index in failures.keys.sorted() {
            let plan = plans[index]
            for record in plan.records {
                touched.insert(record.folder, record.path ?? "")
                // Where it is again.
                if case .adopt(let path, let other, _) = record.step { touched.insert(other, path) }
            }
            if plan.rows != nil { touched.insert(plan.folder, MetricsLogs.file) }
            refused.append(JournalFrame.WriteID(sequence: sequence, index: UInt32(index)))
        }
        do throws(FileFailure) {
            // What was taken back must not be half there after a power cut, when nothing will do it again.
            try Checkpoint.sync(touched, paths)
            try noteRefused()
        } catch {
            if error.isNoSpace, !error.isSync {
                log.error("a write that was refused may come back after a crash, until there is room: \(error)")
            } else {
                fail(error)
            }
        }
    }

    /// Tells the journal which writes were refused.
    func noteRefused() throws(FileFailure) {
        guard !refused.isEmpty else { return }
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
