internal import RunStore
internal import Synchronization

/// How many writes were committed together, how long that took, and how many bytes they brought.
final class CommitCounts: Sendable {
    private struct Counts: Sendable {
        var writes = StoreStatistics.Histogram(bounds: StoreStatistics.writesBounds)
        var seconds = StoreStatistics.Histogram(bounds: StoreStatistics.syncBounds)
        var bytes: UInt64 = 0
    }

    private let counts = Mutex(Counts())

    func note(writes: Int, bytes: Int, seconds: Double) {
        counts.withLock { counts in
            Self.add(Double(writes), StoreStatistics.writesBounds, to: &counts.writes)
            Self.add(seconds, StoreStatistics.syncBounds, to: &counts.seconds)
            counts.bytes += UInt64(bytes)
        }
    }

    private static func add(_ value: Double, _ bounds: [Double], to histogram: inout StoreStatistics.Histogram) {
        histogram.buckets[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        histogram.sum += value
    }

    var statistics: StoreStatistics {
        counts.withLock { counts in
            StoreStatistics(batchWrites: counts.writes, syncSeconds: counts.seconds, writtenBytes: counts.bytes)
        }
    }
}
