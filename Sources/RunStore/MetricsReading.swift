package import JSON
internal import Limits
package import RunMetadata

/// Which part of a run's metrics is read.
package struct MetricsSelection: Hashable, Sendable {
    /// The columns by name, in this order; nil: all except Rundir's own.
    package var columns: [ExactText]?
    /// Only rows after that value of the axis (the step if any row has one, else the epoch, else the row's number).
    package var after: MetricsAxisValue?
    /// To about how many values each metric is reduced, 1 or more (`MetricsPoints`); nil: not reduced.
    package var points: Int?

    package init() {}
}

/// Rows of a run's metrics, merged by key and in the order of the axis, read part by part.
package protocol MetricsReading: AnyObject, Sendable {
    /// The names of the selected columns, in order.
    var columns: [String] { get }
    /// The most rows that there are.
    var rowCount: Int { get }
    /// The number of parts.
    var partCount: Int { get }
    /// The version of the run's rows; nil if they are reduced to points.
    var version: BlobVersion? { get }

    /// Reads a part: a few thousand rows, or all points. It may have more columns than selected.
    func part(_ index: Int) throws(StoreError) -> MetricsPart
}

/// Some rows of a run's metrics, as text with one JSON object per line.
package struct MetricsPart: Sendable {
    private enum Form: Sendable {
        case merged
        case arrived(MetricsRowOrder.Start, after: MetricsAxisValue?)
    }

    private let text: [UInt8]
    private let form: Form

    /// Merged rows in order.
    package init(merged text: [UInt8]) {
        self.text = text
        form = .merged
    }

    /// Rows in order of arrival.
    /// - Parameters:
    ///   - start: the state of the order after the rows before
    ///   - after: only rows after that value of the axis count
    package init(arrived text: [UInt8], start: MetricsRowOrder.Start, after: MetricsAxisValue?) {
        self.text = text
        form = .arrived(start, after: after)
    }

    /// Lends the rows, and their positions in order.
    /// - Throws: `tooLarge`; what the body throws
    package func withRows<Result>(_ body: (MetricsFrame, [Int]) throws -> Result) throws -> Result {
        try text.withUnsafeBytes { text in
            let frame: MetricsFrame
            let rows: [Int]
            switch form {
            case .merged:
                frame = MetricsFrame(rows: text, ignoresKeys: true)
                rows = Array(0..<frame.rowCount)
            case .arrived(let start, let after):
                frame = MetricsFrame(rows: text, start: start)
                rows = frame.order.positions(after: after)
            }
            if frame.isCut { throw StoreError.tooLarge("the frame is \(LimitExceeded(MetricsFrame.limit))") }
            return try body(frame, rows)
        }
    }
}

/// Rows in memory, as one part.
package final class HeldMetrics: MetricsReading {
    package let columns: [String]
    package let rowCount: Int
    package let version: BlobVersion?
    /// Merged, in order, one JSON object per line.
    private let text: [UInt8]

    package init(columns: [String], rowCount: Int, version: BlobVersion?, merged text: [UInt8]) {
        (self.columns, self.rowCount, self.version, self.text) = (columns, rowCount, version, text)
    }

    package var partCount: Int { 1 }
    /// Bytes of the text.
    package var size: Int { text.count }

    package func part(_ index: Int) -> MetricsPart { MetricsPart(merged: text) }
}
