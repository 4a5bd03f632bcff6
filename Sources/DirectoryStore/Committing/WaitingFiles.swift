internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// The number of files that wait for the next run of each session. A run takes them over one by one, while all other
/// writes wait.
struct WaitingFiles {
    static let limit = Limit(.files, most: 1000)

    private struct Count {
        var files: Int
        /// Nanoseconds on the monotonic clock.
        let since: UInt64
    }

    private var counts: [String: Count] = [:]

    /// Nanoseconds until the files are counted again, since some may be gone.
    private static let interval: UInt64 = 1_000_000_000

    /// Counts the files that a write adds.
    /// - Parameter directory: opens the directory of the plan's folder; nil if there is none yet
    /// - Throws: if there are too many
    mutating func take(
        _ plan: WritePlan, _ directory: () throws(StoreError) -> RunDirectory?
    ) throws(StoreError) {
        let name = plan.folder
        guard name.hasPrefix(RunLayout.sessionMark), !plan.records.isEmpty else { return }
        guard let directory = try directory() else {
            counts[name] = nil
            return
        }
        var added = 0
        for record in plan.records {
            switch record.step {
            case .put, .append, .publish:
                guard let path = record.path else { continue }
                let isThere =
                    try storing { () throws(FileFailure) in directory.status(try RunPath(record: path)) } != nil
                if !isThere { added += 1 }
            // Its number of files is unknown.
            case .publishFolder: counts[name] = nil
            default: continue
            }
        }
        if added == 0 { return }
        var count = counts[name] ?? Count(files: .max / 2, since: 0)
        if count.files + added > Self.limit.most, monotonicNanoseconds() - count.since > Self.interval {
            let files = try directory.items(linkedFiles: false)
            count = Count(files: files.count { !$0.isFolder }, since: monotonicNanoseconds())
        }
        if count.files + added > Self.limit.most { throw .tooManyPending(LimitExceeded(Self.limit)) }
        count.files += added
        counts[name] = count
    }

    /// Forgets a session's files, which no longer wait.
    mutating func forget(_ name: String) { counts[name] = nil }
}
