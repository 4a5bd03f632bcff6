/// What a store has done since it was opened.
package struct StoreStatistics: Sendable {
    /// Upper bounds of the buckets of `batchWrites`; a last one has what is above.
    package static let writesBounds: [Double] = (0...10).map { Double(1 << $0) }
    /// Upper bounds of the buckets of `syncSeconds`, likewise.
    package static let syncBounds: [Double] = (0...15).map { 0.000064 * Double(1 << $0) }

    /// Observations by bucket, not cumulated, and their sum.
    package struct Histogram: Sendable {
        package var buckets: [UInt64]
        package var sum: Double

        package init(buckets: [UInt64], sum: Double) { (self.buckets, self.sum) = (buckets, sum) }

        /// Of nothing yet.
        package init(bounds: [Double]) { self.init(buckets: Array(repeating: 0, count: bounds.count + 1), sum: 0) }
    }

    /// Writes that were made durable together.
    package let batchWrites: Histogram
    /// How long it took to make them so.
    package let syncSeconds: Histogram
    /// Bytes written for that.
    package let writtenBytes: UInt64

    /// Of a store that counts nothing.
    package static let none = StoreStatistics(
        batchWrites: Histogram(bounds: writesBounds), syncSeconds: Histogram(bounds: syncBounds), writtenBytes: 0)

    package init(batchWrites: Histogram, syncSeconds: Histogram, writtenBytes: UInt64) {
        (self.batchWrites, self.syncSeconds, self.writtenBytes) = (batchWrites, syncSeconds, writtenBytes)
    }
}
