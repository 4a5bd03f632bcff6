import LocalFiles
import RunMetadata
import RunStore

/// All that a store in memory keeps.
struct MemoryState: Sendable {
    /// Runs by their ids, and by `@` and a session's name what waits for its next one.
    var runs: [String: MemoryRun] = [:]
    var sessions: [SessionName: RunID] = [:]

    func resolved(_ target: RunTarget) -> String {
        guard case .active(let session) = target, let run = sessions[session]?.description,
            runs[run]?.place == .initialised
        else { return target.key }
        return run
    }

    /// Drops what has waited for too long.
    mutating func dropOldPending(_ rules: RunRules) {
        guard let age = rules.pendingAge else { return }
        let latest = wallClock() - age
        runs = runs.filter { $0.value.place != .pending || $0.value.modified > latest }
    }

    // MARK: Limits

    /// Refuses a write after which there is more of something than may be.
    func check(_ rules: RunRules, since before: MemoryState, at key: String, _ write: RunWrite) throws(StoreError) {
        let (there, here) = (before.runs[key], runs[key])
        try rules.checkProperties(here?.propertyNames.count ?? 0, before: there?.propertyNames.count ?? 0)
        if !write.action.isOfItsEnd {
            try rules.checkBytes(ofRun: here?.bytes ?? 0, before: there?.bytes ?? 0)
            try rules.checkBytes(ofAll: bytes, before: before.bytes)
        }
        if case .change = write.action {
            try rules.checkColumns(here?.columnCount ?? 0, before: there?.columnCount ?? 0, of: "metrics")
        }
        let pending = runs.values.filter { $0.place == .pending }
        if runs.count - pending.count > before.runCount { try rules.checkRuns(runs.count - pending.count) }
        if pending.count > before.runs.count - before.runCount {
            let sender = write.sender
            try rules.checkPending(pending.count, ofSender: pending.count { sender != nil && $0.sender == sender })
        }
    }

    private var bytes: Int { runs.values.reduce(0) { $0 + $1.bytes } }
    private var runCount: Int { runs.values.count { $0.place != .pending } }
}

extension MemoryRun {
    fileprivate var bytes: Int { files.values.reduce(0) { $0 + $1.size } }
    fileprivate var columnCount: Int { withMetrics { $0.shownColumns.count } ?? 0 }
}
