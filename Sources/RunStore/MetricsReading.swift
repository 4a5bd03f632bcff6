package import JSON
internal import Limits
package import RunMetadata

/// What is read of a run's metrics.
package struct MetricsSelection: Hashable, Sendable {
    /// The columns by name, in this order; nil: all but those of Rundir's own.
    package var columns: [ExactText]?
    /// Only rows behind that value of the axis (the step if any row has one, else the epoch, else the row's number).
    package var after: MetricsAxisValue?
    /// How many values of each metric are to stand for all of its, about, 1 or more (`MetricsPoints`); nil: each does.
    package var points: Int?

    package init() {}
}

/// Rows of a run's metrics: merged by their keys, in the order of the axis, to be read part by part.
package protocol MetricsReading: AnyObject, Sendable {
    /// The names of the columns that are read, in order.
    var columns: [String] { get }
    /// Rows, at most.
    var rowCount: Int { get }
    /// The parts that there are.
    var partCount: Int { get }
    /// Which rows the run has. Nil where points stand for them.
    var version: BlobVersion? { get }

    /// Reads a part of a few thousand rows, or of all points. It may have more columns than are read.
    func part(_ index: Int) throws(StoreError) -> MetricsPart
}

/// Some rows of a run's metrics: text, one JSON object a line.
package struct MetricsPart: Sendable {
    private enum Form: Sendable {
        case merged
        case arrived(MetricsRowOrder.Start, after: MetricsAxisValue?)
    }

    private let text: [UInt8]
    private let form: Form

    /// Rows that are merged and in order.
    package init(merged text: [UInt8]) {
        self.text = text
        form = .merged
    }

    /// Rows as they arrived.
    /// - Parameters:
    ///   - start: what came before
    ///   - after: only rows behind that value of the axis count
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

/// Rows that are held in memory, as one part.
package final class HeldMetrics: MetricsReading {
    package let columns: [String]
    package let rowCount: Int
    package let version: BlobVersion?
    /// Merged, in order, one JSON object a line.
    private let text: [UInt8]

    package init(columns: [String], rowCount: Int, version: BlobVersion?, merged text: [UInt8]) {
        (self.columns, self.rowCount, self.version, self.text) = (columns, rowCount, version, text)
    }

    package var partCount: Int { 1 }
    /// Bytes of the text.
    package var size: Int { text.count }

    package func part(_ index: Int) -> MetricsPart { MetricsPart(merged: text) }
}
