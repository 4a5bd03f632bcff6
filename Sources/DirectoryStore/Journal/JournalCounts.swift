internal import RunStore
internal import Threads

/// The journal's counters. One thread at a time counts, by way of the commit queue; any thread may read.
final class JournalCounts: Sendable {
    private let writes = Counters(count: StoreStatistics.writesBounds.count + 1)
    private let syncs = Counters(count: StoreStatistics.syncBounds.count + 1)
    private let totals = Counters(count: 3)

    func count(writes count: Int, bytes: Int, syncNanoseconds: UInt64) {
        writes.add(1, at: min(bucket(UInt64(count)), StoreStatistics.writesBounds.count))
        // 64 µs are 2^16 ns, within 2 %.
        let sync = bucket((syncNanoseconds + 63_999) / 64_000)
        syncs.add(1, at: min(sync, StoreStatistics.syncBounds.count))
        totals.add(UInt64(count), at: 0)
        totals.add(syncNanoseconds, at: 1)
        totals.add(UInt64(bytes), at: 2)
    }

    var statistics: StoreStatistics {
        let sums = totals.values
        return StoreStatistics(
            batchWrites: StoreStatistics.Histogram(buckets: writes.values, sum: Double(sums[0])),
            syncSeconds: StoreStatistics.Histogram(buckets: syncs.values, sum: Double(sums[1]) / 1e9),
            writtenBytes: sums[2])
    }

    /// The least power of two that is not less than a number.
    private func bucket(_ number: UInt64) -> Int { number <= 1 ? 0 : 64 - (number - 1).leadingZeroBitCount }
}
