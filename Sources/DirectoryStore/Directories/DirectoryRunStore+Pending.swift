internal import LocalFiles
internal import Logging
package import RunMetadata
package import RunStore
internal import Synchronization
internal import Threads

/// Runs that wait to be initialised.
extension DirectoryRunStore {
    package func pendingRuns(unchangedFor seconds: Double) throws(StoreError) -> [RunID] {
        try pendingFolders(unchangedFor: seconds).compactMap { RunID($0) }
    }

    /// The folders that wait, including those of sessions, and were not written to for some seconds.
    private func pendingFolders(unchangedFor seconds: Double) throws(StoreError) -> [String] {
        // By the clock that sets files' times.
        let latest = wallClock() - seconds
        return try storing { () throws(FileFailure) in try Files.names(in: paths.pending) }.filter { name in
            guard let directory = try? paths.open(name, .pending) else { return false }
            return RunFiles.isUnchanged(directory, since: latest)
        }.sorted()
    }

    /// Drops what has waited for too long, and logs it.
    func dropOldPending(after age: Double) {
        guard let folders = try? pendingFolders(unchangedFor: age), !folders.isEmpty else { return }
        let targets = folders.compactMap { RunTarget(key: $0) }
        let results = submitAndWait(targets.map { RunWrite($0, .purgePending(unchangedFor: age)) }) { [weak self] in
            self?.haveCommitted()
        }
        for (target, result) in zip(targets, results) {
            switch PendingDrop(target, after: age, result) {
            case .dropped(let words):
                dropped.add(1, ordering: .relaxed)
                log.notice("\(words)")
            case .stays: continue
            case .failed(let words): log.warning("\(words)")
            }
        }
    }
}
