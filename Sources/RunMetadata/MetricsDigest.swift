package import JSON

/// What a listing shows of a run's metrics.
package struct MetricsDigest: Sendable, Equatable {
    /// What a listing shows of one metric.
    package struct Metric: Sendable, Equatable {
        package let name: String
        /// The last value that is neither missing nor NaN.
        package let last: JSONNumber
        /// The least and the greatest of its finite values, as R's `min()` and `max()` find them; nil if it has none.
        package let range: ClosedRange<Double>?
    }

    /// The metrics that have a value; the keys `step` and `epoch` do not count.
    package let metrics: [Metric]
    /// The number of values in the last column.
    package let completed: Int
}

extension ClosedRange<Double>? {
    /// Extends the range to include a value, if that is finite.
    mutating func include(_ value: Double) {
        guard value.isFinite else { return }
        // Turns -0 into 0.
        let value = value + 0
        self = map { Swift.min($0.lowerBound, value)...Swift.max($0.upperBound, value) } ?? value...value
    }
}
