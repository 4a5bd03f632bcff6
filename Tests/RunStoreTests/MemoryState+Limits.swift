import LocalFiles
import RunMetadata
import RunStore

extension MemoryState {
    /// Drops what has waited for too long.
    mutating func dropOldPending(_ rules: RunRules) {
        guard let age = rules.pendingAge else { return }
        let latest = wallClock() - age
        keep { $0.place != .pending || $0.modified > latest }
    }

    /// Refuses a write after which there is more of something than may be.
    func check(
        _ rules: RunRules, since before: MemoryState, of target: RunTarget, _ write: RunWrite
    ) throws(StoreError) {
        let (there, here) = (before.folders[target], folders[target])
        try rules.checkProperties(here?.propertyNames.count ?? 0, before: there?.propertyNames.count ?? 0)
        if !write.action.isOfItsEnd {
            try rules.checkBytes(ofRun: here?.bytes ?? 0, before: there?.bytes ?? 0)
            try rules.checkBytes(ofAll: bytes, before: before.bytes)
        }
        if case .change = write.action {
            try rules.checkColumns(here?.columnCount ?? 0, before: there?.columnCount ?? 0, of: "metrics")
        }
        if runCount > before.runCount { try rules.checkRuns(runCount) }
        if pendingCount > before.pendingCount {
            try rules.checkPending(pendingCount, ofSender: write.sender.map { pendingCount(of: $0) } ?? 0)
        }
    }

    private var bytes: Int { folders.values.reduce(0) { $0 + $1.bytes } }
    private var runCount: Int { folders.values.count { $0.place != .pending } }
    private var pendingCount: Int { folders.values.count { $0.place == .pending } }
}

extension MemoryRun {
    /// Of its files. The frame of rows is made when it is read.
    fileprivate var bytes: Int { files.values.reduce(0) { $0 + $1.size } }

    fileprivate var columnCount: Int {
        metricsFile?.withFrame(isRows: self[.metricsRows] != nil) { $0.shownColumns.count } ?? 0
    }
}
