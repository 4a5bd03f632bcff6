internal import Limits
internal import LocalFiles
internal import RunStore
internal import Threads

/// How many folders there are of a kind of which only so many may be.
///
/// Counted where one is made or goes. What else comes or goes, by hand, is seen when there are too many: they are
/// counted again then, but not all the time, since there may be many.
struct FolderCount {
    private let countThem: () throws(FileFailure) -> Int
    private var count: Int?
    /// When they may be counted again, nanoseconds on the monotonic clock.
    private var countedUntil: UInt64 = 0
    /// How many are planned in this batch, and are not on the disk yet.
    private var planned = 0

    /// Nanoseconds between two counts, at least, and as a multiple of the time that one takes.
    private static let interval: UInt64 = 1_000_000_000
    private static let pause: UInt64 = 20

    init(_ countThem: @escaping () throws(FileFailure) -> Int) { self.countThem = countThem }

    /// One more is to be made.
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

    /// A new batch begins.
    mutating func beginBatch() { planned = 0 }

    /// One is gone, or was not made.
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
