internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// How many folders wait for their run to be initialised: those of runs, and those of sessions.
///
/// Counted where one is made or becomes a run. What else goes (by a purge, or by hand) is seen when the limit is reached.
struct PendingRuns {
    private let limit: Limit
    private let paths: RunPaths
    private var count: Int
    private var countedAt: UInt64 = 0
    /// How many are planned in this batch, and are not on the disk yet.
    private var planned = 0

    /// Nanoseconds between two times that the folders are counted: there may be many.
    private static let interval: UInt64 = 1_000_000_000

    init(limit: Limit, paths: RunPaths) throws(FileFailure) {
        (self.limit, self.paths) = (limit, paths)
        count = try Files.names(in: paths.pending).count
    }

    /// One more is to be made.
    /// - Throws: where there are too many
    mutating func add() throws(StoreError) {
        if count >= limit.most, planned == 0, monotonicNanoseconds() - countedAt > Self.interval {
            count = try storing { () throws(FileFailure) in try Files.names(in: paths.pending).count }
            countedAt = monotonicNanoseconds()
        }
        if count >= limit.most { throw .tooManyPending(LimitExceeded(limit)) }
        count += 1
        planned += 1
    }

    /// A new batch begins.
    mutating func beginBatch() { planned = 0 }

    /// One becomes a run.
    mutating func remove() { count = max(0, count - 1) }
}
