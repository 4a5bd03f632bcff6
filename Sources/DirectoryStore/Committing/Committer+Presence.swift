internal import RunStore
internal import Threads

/// Checks that the runs directory is still there, before anything is journaled.
extension Committer {
    /// For how long a check counts while the watch reports nothing, in nanoseconds. A watch does not report that a
    /// folder above the directory was moved, or that another file system was mounted over it.
    private static let presenceLifetime: UInt64 = 250_000_000

    /// Why nothing can be written; nil if it can.
    /// - Parameter isRows: whether only rows are written, for which the watch has just been read
    func absence(isRows: Bool) -> StoreError? {
        let now = monotonicNanoseconds()
        let isDoubtful = presenceMarks.isEmpty || presenceMarks.contains(where: \.isSuspect)
        if isRows, !isDoubtful, now < presenceSeenAt + Self.presenceLifetime { return nil }
        if let fault = ownership.fault() { return .runsGone(fault) }
        for mark in presenceMarks { mark.isSuspect = false }
        presenceSeenAt = now
        return nil
    }

    /// The error for a failed write: that the runs directory is gone, if that is the cause.
    func explained(_ error: StoreError) -> StoreError {
        guard case .failed = error, let fault = ownership.fault() else { return error }
        return .runsGone(fault)
    }

    /// Watches the journal's new segment.
    func watchSegment() {
        if let path = journal.path { ownership.note(segment: path) }
        if let segmentMark { logs.watch?.remove(segmentMark) }
        presenceMarks.removeAll { $0 === segmentMark }
        segmentMark = journal.watched(by: logs.watch)
        if let segmentMark { presenceMarks.append(segmentMark) }
    }
}
