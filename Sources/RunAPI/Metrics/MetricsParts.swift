internal import Limits
internal import RunMetadata
internal import RunStore

/// Makes a reply of a run's rows, one part of their text after the other, with every number as it was sent.
final class MetricsParts: @unchecked Sendable {
    // Sendable: the stream asks for one part after the other.

    private let rows: any MetricsText
    private let parts: [MetricsTable.Part]
    private let columns: [String]
    private let after: MetricsAxisValue?
    private let rowCount: Int
    private var output: MetricsOutput
    private var column = 0
    private var part = 0
    private var hasBegun = false
    private var isAtFirstValue = true
    private var hasEnded = false

    init(
        rows: any MetricsText, parts: [MetricsTable.Part], rowCount: Int, output: MetricsOutput,
        columns: [String], after: MetricsAxisValue?
    ) {
        (self.rows, self.parts, self.rowCount, self.output) = (rows, parts, rowCount, output)
        (self.columns, self.after) = (columns, after)
    }

    /// The next part of the reply; nil at its end.
    func next() throws -> [UInt8]? {
        if hasEnded { return nil }
        return output.format == .columns ? try nextOfColumns() : try nextOfRows()
    }

    private func nextOfRows() throws -> [UInt8] {
        var text = hasBegun ? [] : output.head
        hasBegun = true
        guard part < parts.count else {
            hasEnded = true
            return text + output.tail
        }
        try withFrame(part) { frame in
            let indices = columns.map { frame.column(named: $0) }
            for row in frame.order.positions(after: after) {
                output.append(row: row, of: frame, columns: indices, to: &text)
            }
        }
        part += 1
        return text
    }

    /// Some columns at a time, as many as their text may be held of: each part is read once for those.
    private func nextOfColumns() throws -> [UInt8] {
        guard column < columns.count else {
            hasEnded = true
            return output.columnsEnd
        }
        let group = column..<min(columns.count, column + max(1, Self.heldValues / max(1, rowCount)))
        if group.count == 1 { return try nextOfColumn() }
        var texts: [[UInt8]] = group.map { column in
            var text: [UInt8] = []
            output.beginColumn(column, to: &text)
            return text
        }
        var isFirst = true
        for part in parts.indices {
            try withFrame(part) { frame in
                let order = frame.order.positions(after: after)
                for (index, column) in group.enumerated() {
                    append(order, of: frame, column, isFirst: isFirst, to: &texts[index])
                }
                isFirst = isFirst && order.isEmpty
            }
        }
        column = group.upperBound
        return Array(texts.joined())
    }

    /// The next part of one column.
    private func nextOfColumn() throws -> [UInt8] {
        var text: [UInt8] = []
        if !hasBegun { output.beginColumn(column, to: &text) }
        hasBegun = true
        if part < parts.count {
            try withFrame(part) { frame in
                let order = frame.order.positions(after: after)
                append(order, of: frame, column, isFirst: isAtFirstValue, to: &text)
                isAtFirstValue = isAtFirstValue && order.isEmpty
            }
            part += 1
        }
        if part >= parts.count {
            column += 1
            (part, hasBegun, isAtFirstValue) = (0, false, true)
        }
        return text
    }

    private func append(_ rows: [Int], of frame: MetricsFrame, _ column: Int, isFirst: Bool, to text: inout [UInt8]) {
        let index = frame.column(named: columns[column])
        for (number, row) in rows.enumerated() {
            output.append(row: row, of: frame, column: index, isFirst: isFirst && number == 0, to: &text)
        }
    }

    /// Values whose text is held at a time, about: 16 MiB.
    private static let heldValues = 1 << 20

    private func withFrame(_ index: Int, _ body: (MetricsFrame) throws -> Void) throws {
        let text = try rows.read(parts[index].range)
        try text.withUnsafeBytes { text in
            let frame = MetricsFrame(rows: text, start: parts[index].start)
            if frame.isCut { throw StoreError.tooLarge("the frame is \(LimitExceeded(MetricsFrame.limit))") }
            try body(frame)
        }
    }
}
