internal import RunMetadata
internal import RunStore

/// Makes the text of a run's rows, part by part, with every number as it was sent.
final class MetricsParts: @unchecked Sendable {
    // Sendable: the stream asks for one part at a time.

    private let metrics: any MetricsReading
    private let columns: [String]
    private let partCount: Int
    /// Columns whose text is made at a time in the format of columns: about 16 MiB of text; for points, all columns.
    private let groupSize: Int
    private var output: MetricsOutput
    private var column = 0
    private var part = 0
    private var hasBegun = false
    private var isAtFirstValue = true
    private var hasEnded = false

    init(_ metrics: any MetricsReading, _ format: MetricsFormat) {
        self.metrics = metrics
        (columns, partCount) = (metrics.columns, metrics.partCount)
        let held = metrics.version == nil ? metrics.columns.count : Self.heldValues / max(1, metrics.rowCount)
        groupSize = max(1, held)
        output = MetricsOutput(format: format, columns: metrics.columns)
    }

    /// The whole reply.
    func all() throws -> [UInt8] {
        var text: [UInt8] = []
        while let part = try next() { text += part }
        return text
    }

    /// The next part of the reply; nil at its end.
    func next() throws -> [UInt8]? {
        if hasEnded { return nil }
        return output.format == .columns ? try nextOfColumns() : try nextOfRows()
    }

    private func nextOfRows() throws -> [UInt8] {
        var text = hasBegun ? [] : output.head
        hasBegun = true
        guard part < partCount else {
            hasEnded = true
            return text + output.tail
        }
        try metrics.part(part).withRows { frame, rows in
            let indices = columns.map { frame.column(named: $0) }
            for row in rows {
                output.append(row: row, of: frame, columns: indices, to: &text)
            }
        }
        part += 1
        return text
    }

    /// The text of some columns: each part is read once for all of them.
    private func nextOfColumns() throws -> [UInt8] {
        guard column < columns.count else {
            hasEnded = true
            return output.columnsEnd
        }
        let group = column..<min(columns.count, column + groupSize)
        if group.count == 1 { return try nextOfColumn() }
        var texts: [[UInt8]] = group.map { column in
            var text: [UInt8] = []
            output.beginColumn(column, to: &text)
            return text
        }
        var isFirst = true
        for part in 0..<partCount {
            try metrics.part(part).withRows { frame, rows in
                for (index, column) in group.enumerated() {
                    append(rows, of: frame, column, isFirst: isFirst, to: &texts[index])
                }
                isFirst = isFirst && rows.isEmpty
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
        if part < partCount {
            try metrics.part(part).withRows { frame, rows in
                append(rows, of: frame, column, isFirst: isAtFirstValue, to: &text)
                isAtFirstValue = isAtFirstValue && rows.isEmpty
            }
            part += 1
        }
        if part >= partCount {
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

    /// Values whose text is held at a time.
    private static let heldValues = 1 << 20
}
