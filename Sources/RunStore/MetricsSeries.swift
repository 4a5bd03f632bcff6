package import JSON
package import Limits
package import RunMetadata

/// What is read of several runs for a plot.
package struct SeriesSelection: Hashable, Sendable {
    /// The metrics by name, in this order; nil: all metrics of a run.
    package var metrics: [ExactText]?
    /// Nil: each run's own axis (the step if any row has one, else the epoch, else the row's number).
    package var axis: MetricsAxis?
    /// To about how many points each metric is reduced, 2 or more (`MetricsPoints`).
    package var points = 500
    /// The range of the axis; nil: all of it.
    package var range: ClosedRange<Double>?

    package init() {}

    /// The most points of one run.
    package static let mostValues = 1_000_000
    /// The most bytes of the points of all runs.
    package static let mostText = Limit(.bytes, most: 64 << 20)
}

/// A metric of a run over an axis, reduced to points, as it is plotted.
package struct MetricsSeries: Sendable {
    package let metric: String
    package let axis: MetricsAxis
    /// The number of points, 1 or more.
    package let count: Int
    /// Their positions on the axis, ascending: JSON numbers separated by commas.
    package let x: [UInt8]
    /// Their values, likewise: numbers, `"NaN"`, `"Inf"` or `"-Inf"`.
    package let y: [UInt8]

    package init(metric: String, axis: MetricsAxis, count: Int, x: [UInt8], y: [UInt8]) {
        (self.metric, self.axis, self.count, self.x, self.y) = (metric, axis, count, x, y)
    }

    /// Bytes of the points.
    package var size: Int { x.count + y.count }
}
