package import JSON

/// What a listing tells of a run's metrics.
package struct MetricsDigest: Sendable, Equatable {
    /// Each metric's last value that is neither missing nor NaN; the keys `step` and `epoch` are no metrics.
    package let values: [(name: String, value: JSONNumber)]
    /// How many values the last column has.
    package let completed: Int

    package static func == (one: MetricsDigest, other: MetricsDigest) -> Bool {
        one.completed == other.completed
            && one.values.elementsEqual(other.values) { $0.name == $1.name && $0.value == $1.value }
    }
}
