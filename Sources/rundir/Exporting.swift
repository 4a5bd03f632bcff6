import DirectoryStore
import Glibc
import Limits
import LocalFiles
import RunMetadata
import RunStore
import Threads

/// Exports the runs of a store, and reports runs that needed more than writing.
final class Exporting {
    private let store: any RunStore & DocumentStore
    private let export: RunExport
    private let removes: Bool
    /// Set this to end after the run that is being written.
    let stop = Flag()
    /// The last message about each run.
    private var told: [RunID: String] = [:]
    private var counts = (written: 0, unchanged: 0, pending: 0, removed: 0, kept: 0, failed: 0)

    /// - Parameter removes: whether to remove the directories of runs that no longer exist
    init(_ store: any RunStore & DocumentStore, _ export: RunExport, removes: Bool) {
        (self.store, self.export, self.removes) = (store, export, removes)
    }

    var hasFailed: Bool { counts.failed > 0 }

    /// The number of runs by outcome, as text.
    var summary: String {
        var parts = ["\(counts.written) written", "\(counts.unchanged) unchanged"]
        if counts.removed > 0 { parts.append("\(counts.removed) removed") }
        if counts.kept > 0 { parts.append("\(counts.kept) kept although gone from the database") }
        if counts.pending > 0 { parts.append("\(counts.pending) not initialised yet, left out") }
        if counts.failed > 0 { parts.append("\(counts.failed) failed") }
        return parts.joined(separator: ", ")
    }

    /// Exports all runs once.
    /// - Throws: `StoreError` if the database cannot be reached
    func all() throws {
        counts = (0, 0, 0, 0, 0, 0)
        var query = RunQuery()
        (query.archived, query.limit) = (.included, 1000)
        var seen: Set<RunID> = []
        repeat {
            let page = try store.runs(query)
            for listed in page.runs where !stop.isSet {
                seen.insert(listed.run)
                try update(listed.run)
            }
            query.cursor = page.next
        } while query.cursor != nil && !stop.isSet
        for run in try export.written() where !seen.contains(run) && !stop.isSet { try update(run) }
        let experiments = DocumentName.mlflowExperiments
        if try !export.update(experiments, to: store.document(experiments)) {
            say("\(experiments): the directory has one that no export has made; it stays")
        }
    }

    /// Exports a run.
    /// - Throws: `StoreError.unreachable`; other errors are reported and counted
    private func update(_ run: RunID) throws {
        do {
            switch try export.update(run, removes: removes) {
            case .written: counts.written += 1
            case .unchanged: counts.unchanged += 1
            case .pending: counts.pending += 1
            case .removed: counts.removed += 1
            case .kept(let reason):
                counts.kept += 1
                return tell(run, "kept: \(reason)")
            }
            told[run] = nil
        } catch let error as StoreError {
            if case .unreachable = error { throw error }
            fail(run, error)
        } catch { fail(run, error) }
    }

    private func fail(_ run: RunID, _ error: any Error) {
        counts.failed += 1
        tell(run, "not exported: \(error.reason)")
    }

    /// Reports a message once, not again while it stays the same.
    private func tell(_ run: RunID, _ text: String) {
        if told.updateValue(text, forKey: run) != text { say("\(run): \(text)") }
    }

    private func say(_ text: String) { Process.say("rundir export: \(text)") }

    // MARK: Following

    /// The least and the most seconds in which changes of the same run are gathered. Within these, as many as the last
    /// pass took.
    private static let pauses = 0.5...10.0
    /// Seconds until all runs are checked again after one could not be exported.
    private static let retrySeconds = 60.0

    /// Exports all runs, then each one that changes, until `stop` is set. While the database cannot be reached, it
    /// waits.
    /// - Parameter begun: called once all runs are exported
    func follow(begun: () -> Void) {
        let feed = store.changes
        // Before the runs are read, so that no change is missed.
        feed.watch(true)
        var (mustReadAll, hasBegun, isAway) = (true, false, false)
        var due: Set<RunID> = []
        var retry = UInt64.max
        while !stop.isSet {
            let start = monotonicNanoseconds()
            let failed = counts.failed
            do {
                if mustReadAll || start > retry {
                    retry = .max
                    try all()
                    mustReadAll = false
                    due = []
                } else {
                    for run in due.sorted(by: { $0.description < $1.description }) where !stop.isSet {
                        try update(run)
                        due.remove(run)
                    }
                }
                if isAway { say("the database can be reached again") }
                isAway = false
                if !hasBegun, !stop.isSet { begun() }
                hasBegun = true
            } catch {
                if !isAway { say("\(error.reason); waiting") }
                (isAway, mustReadAll) = (true, true)
            }
            let now = monotonicNanoseconds()
            if counts.failed != failed, retry == .max { retry = now + UInt64(Self.retrySeconds * 1e9) }
            pause(min(max(Self.pauses.lowerBound, Double(now - start) / 1e9), Self.pauses.upperBound))
            if due.isEmpty { feed.wait(seconds: 5) }
            let taken = feed.take()
            if taken.isIncomplete { mustReadAll = true }
            due.formUnion(taken.changes.map(\.change.run))
        }
        feed.watch(false)
    }

    /// Waits for some seconds, or until `stop` is set.
    private func pause(_ seconds: Double) {
        let end = monotonicNanoseconds() + UInt64(seconds * 1e9)
        while monotonicNanoseconds() < end, !stop.isSet { usleep(50_000) }
    }
}
