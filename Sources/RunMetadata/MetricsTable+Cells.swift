internal import JSON

extension MetricsTable {
    /// A part of the text, and the state before it.
    package struct Part: Sendable {
        package let range: Range<Int>
        package let start: MetricsRowOrder.Start
    }

    /// The parts of the text that hold the rows after a value of the axis. If rows were merged or arrived out of order:
    /// one part, the whole text.
    package func parts(after value: MetricsAxisValue?) -> [Part] {
        guard isPlain else { return [Part(range: 0..<covered, start: MetricsRowOrder.Start())] }
        // The last part that begins at or before the first row.
        let row = value.map { order.firstIndex(after: $0, in: nil) } ?? 0
        let first = max(0, (chunks.firstIndex { $0.start.rows > row } ?? chunks.count) - 1)
        return chunks.indices.dropFirst(first).map { index in
            let end = index + 1 < chunks.count ? chunks[index + 1].offset : covered
            var start = chunks[index].start
            start.axis = order.axis
            return Part(range: chunks[index].offset..<end, start: start)
        }
    }
}

extension MetricsTable: MetricsCells {
    /// Appends a value as JSON, the shortest text that reads as the same Double.
    package func append(row: Int, column: Int, to output: inout [UInt8]) {
        Self.append(columns[column].value(row: row), to: &output)
    }

    /// Appends a value as JSON.
    static func append(_ value: Double, to output: inout [UInt8]) {
        if Self.isMissing(value) {
            output.append(contentsOf: "null".utf8)
        } else if let value = NonFinite(value) {
            value.json.withUTF8Buffer { output.append(contentsOf: $0) }
        } else if let whole = Int(exactly: value), whole.magnitude < 1 << 53 {
            output.append(contentsOf: String(whole).utf8)
        } else {
            output.append(contentsOf: value.description.utf8)
        }
    }
}
