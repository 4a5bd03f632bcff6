package import JSON

/// What a listing tells of a run's metrics.
package struct MetricsDigest: Sendable, Equatable {
    /// What a listing tells of one metric.
    package struct Metric: Sendable, Equatable {
        package let name: String
        /// The last value that is neither missing nor NaN.
        package let last: JSONNumber
        /// From the least to the greatest of its finite values, as R's `min()` and `max()` find them; nil where it has none.
        package let range: ClosedRange<Double>?
    }

    /// The metrics that have a value; the keys `step` and `epoch` are none.
    package let metrics: [Metric]
    /// How many values the last column has.
    package let completed: Int
}

extension ClosedRange<Double>? {
    /// Reaches as far as a value, if that is finite.
    mutating func include(_ value: Double) {
        guard value.isFinite else { return }
        // Zero has no sign here.
        let value = value + 0
        self = map { Swift.min($0.lowerBound, value)...Swift.max($0.upperBound, value) } ?? value...value
    }
}
