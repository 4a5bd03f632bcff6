package import JSON
package import Limits
package import RunMetadata

/// What is read of each of some runs for a plot.
package struct SeriesSelection: Hashable, Sendable {
    /// The metrics by name, in this order; nil: all that a run has.
    package var metrics: [ExactText]?
    /// Nil: of each run its own (the step if any row has one, else the epoch, else the row's number).
    package var axis: MetricsAxis?
    /// How many points are to stand for all of a metric's, about, 2 or more (`MetricsPoints`).
    package var points = 500
    /// The part of the axis that is told of; nil: all of it.
    package var range: ClosedRange<Double>?

    package init() {}

    /// Points of one run together, at most.
    package static let mostValues = 1_000_000
    /// Bytes of all runs' points together, at most.
    package static let mostText = Limit(.bytes, most: 64 << 20)
}

/// A metric of a run over an axis, reduced to points, as it is plotted.
package struct MetricsSeries: Sendable {
    package let metric: String
    package let axis: MetricsAxis
    /// Points that there are, 1 or more.
    package let count: Int
    /// Where they stand, ascending: numbers as JSON, parted by commas.
    package let x: [UInt8]
    /// Their values, likewise: numbers, `"NaN"`, `"Inf"` or `"-Inf"`.
    package let y: [UInt8]

    package init(metric: String, axis: MetricsAxis, count: Int, x: [UInt8], y: [UInt8]) {
        (self.metric, self.axis, self.count, self.x, self.y) = (metric, axis, count, x, y)
    }

    /// Bytes of the points.
    package var size: Int { x.count + y.count }
}
