internal import Limits
internal import LocalFiles
internal import RunStore
internal import Threads

/// Counts folders that have a limit.
///
/// The count is updated when one is made or removed. Folders that are added or removed by hand are noticed only when
/// there are too many: then all are counted again, but not each time, since there may be many.
struct FolderCount {
    private let countThem: () throws(FileFailure) -> Int
    private var count: Int?
    /// The earliest time of the next count, nanoseconds on the monotonic clock.
    private var countedUntil: UInt64 = 0
    /// The number of folders that are planned in this batch, and are not on the disk yet.
    private var planned = 0

    /// The least time between two counts: nanoseconds, and a multiple of the time that a count takes.
    private static let interval: UInt64 = 1_000_000_000
    private static let pause: UInt64 = 20

    init(_ countThem: @escaping () throws(FileFailure) -> Int) { self.countThem = countThem }

    /// Adds one that will be made.
    /// - Parameter check: throws if there would be too many
    mutating func add(_ check: (Int) throws(StoreError) -> Void) throws(StoreError) {
        let known: Int
        if let count { known = count } else { known = try counted() }
        do throws(StoreError) { try check(known + 1) } catch {
            guard planned == 0, monotonicNanoseconds() > countedUntil else { throw error }
            try check(counted() + 1)
        }
        count? += 1
        planned += 1
    }

    /// Begins a batch.
    mutating func beginBatch() { planned = 0 }

    /// Subtracts one that was removed, or was not made.
    mutating func remove() { count = count.map { max(0, $0 - 1) } }

    private mutating func counted() throws(StoreError) -> Int {
        let start = monotonicNanoseconds()
        let found = try storing { () throws(FileFailure) in try countThem() }
        let end = monotonicNanoseconds()
        countedUntil = end + max(Self.interval, (end - start) * Self.pause)
        count = found
        return found
    }
}
