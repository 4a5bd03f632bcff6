extension Committer {
    /// Notes the files that a write touched, for the next checkpoint, for views and for the index.
    func note(_ plan: WritePlan) {
        for record in plan.records { note(record) }
        if let rows = plan.rows { note(rows.log) }
        for body in plan.afterwards { body(self) }
    }

    private func note(_ record: RedoRecord) {
        switch record.step {
        case .viewLags: return
        case .activate(let session):
            journal.touched.sessions.insert(session)
            return
        case .put(let path, _):
            journal.touched.insert(record.folder, path)
            if path == MetricsLogs.file { views.insert(record.folder) }
        case .append(let path, _, _), .remove(let path), .publish(let path, _), .publishFolder(let path, _, _):
            journal.touched.insert(record.folder, path)
            if path == MetricsLogs.file, case .append = record.step { views.insert(record.folder) }
        case .adopt(let path, let from, _):
            journal.touched.insert(record.folder, path, from: from)
            if path == MetricsLogs.file { views.insert(record.folder) }
        case .create, .move, .restore: journal.touched.insert(record.folder, "")
        case .delete(let aside): journal.touched.asides.append(aside)
        }
        touched.insert(record.folder, .anything)
    }

    /// The same for rows: once for each segment of the journal, view and round of the index, not for each row.
    private func note(_ log: MetricsLogs.Log) {
        let round = touched.round
        if log.notedIn != round {
            log.notedIn = round
            touched.insert(log.folder, .rows)
        }
        if log.touchedIn != journal.segment {
            // The file's name was noted with its first rows, in an earlier segment, which is checkpointed before this
            // one.
            journal.touched.insert(log.folder, MetricsLogs.file, isNamed: log.touchedIn != 0)
            log.touchedIn = journal.segment
        }
        if !log.viewLags {
            log.viewLags = true
            views.insert(log.folder)
        }
    }
}
