internal import RunStore
internal import Threads

/// Whether the runs directory is still there: looked at before anything is journaled.
extension Committer {
    /// How long a look at it counts while the watch tells of nothing, nanoseconds. A watch does not tell when a folder
    /// above the directory is moved, or another file system is mounted over it.
    private static let presenceLifetime: UInt64 = 250_000_000

    /// Why nothing can be written; nil where it can.
    /// - Parameter isRows: whether there are only rows to write, for which the watch has been asked just now
    func absence(isRows: Bool) -> StoreError? {
        let now = monotonicNanoseconds()
        let isDoubtful = presenceMarks.isEmpty || presenceMarks.contains(where: \.isSuspect)
        if isRows, !isDoubtful, now < presenceSeenAt + Self.presenceLifetime { return nil }
        if let fault = ownership.fault() { return .runsGone(fault) }
        for mark in presenceMarks { mark.isSuspect = false }
        presenceSeenAt = now
        return nil
    }

    /// What a write is told that failed: that the runs directory is gone, where that is the reason.
    func explained(_ error: StoreError) -> StoreError {
        guard case .failed = error, let fault = ownership.fault() else { return error }
        return .runsGone(fault)
    }

    /// Begins to watch over the journal's new segment.
    func watchSegment() {
        if let path = journal.path { ownership.note(segment: path) }
        if let segmentMark { logs.watch?.remove(segmentMark) }
        presenceMarks.removeAll { $0 === segmentMark }
        segmentMark = journal.watched(by: logs.watch)
        if let segmentMark { presenceMarks.append(segmentMark) }
    }
}
