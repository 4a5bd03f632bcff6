internal import JSON
package import Limits

extension MetricsFrame {
    /// Writes the frame by column, as tfruns writes `metrics.json`: pretty, each column's array on one line.
    /// - Parameter write: receives the next part, about 64 KiB
    package func write(to write: ([UInt8]) throws -> Void) rethrows {
        var output: [UInt8] = []
        output.reserveCapacity(72 * 1024)
        let positions = order.ordered
        let shown = shownColumns
        output.append(contentsOf: "{".utf8)
        for index in shown {
            output.append(contentsOf: (index == shown.first ? "\n  " : ",\n  ").utf8)
            columns[index].nameBytes.withUnsafeBytes { JSONWriter.append(stringUTF8: $0, to: &output) }
            output.append(contentsOf: ": [".utf8)
            for row in 0..<rowCount {
                if row > 0 {
                    output.append(UInt8(ascii: ","))
                    output.append(UInt8(ascii: " "))
                }
                output.append(contentsOf: json(cell(row: positions?[row] ?? row, column: index)))
                if output.count >= 64 * 1024 {
                    try write(output)
                    output.removeAll(keepingCapacity: true)
                }
            }
            output.append(UInt8(ascii: "]"))
        }
        output.append(contentsOf: (shown.isEmpty ? "}\n" : "\n}\n").utf8)
        try write(output)
    }

    /// The whole frame as one text.
    package var text: [UInt8] {
        var text: [UInt8] = []
        write { text += $0 }
        return text
    }

    /// A frame that was read by column, written as rows: the beginning of `metrics.ndjson` if there was only
    /// `metrics.json`. Rows at the end that are all missing are epochs to come, and are left out. If keys are not
    /// unique or not in order, each row gets its number (`_frame`), so that the frame stays as it is.
    /// - Parameter limit: the most bytes. Each row has the names of all columns, which the frame has only once
    package func rows(atMost limit: Limit) throws(LimitExceeded) -> [UInt8] {
        let isByKey = isByKey
        // The number of the last row is the longest.
        let number = isByKey ? 0 : MetricsColumnRole.frameName.utf8.count + 4 + "\(filledRowCount)".utf8.count
        let ofRow = columns.reduce(3 + number) { $0 + $1.member.count + 1 }
        let (ofNames, isTooMuch) = ofRow.multipliedReportingOverflow(by: filledRowCount)
        if isTooMuch || ofNames > limit.most { throw LimitExceeded(limit) }
        var output: [UInt8] = []
        for row in 0..<filledRowCount {
            output.append(contentsOf: isByKey ? "{".utf8 : "{\"\(MetricsColumnRole.frameName)\":\(row),".utf8)
            for (index, column) in columns.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                output.append(contentsOf: column.member)
                output.append(contentsOf: json(cell(row: row, column: index)))
            }
            output.append(contentsOf: "}\n".utf8)
        }
        return output
    }

    /// The most bytes of the rows made from a frame whose text has `size` bytes.
    package static func limitOfRows(ofText size: Int) -> Limit {
        Limit(.bytes, most: min(1 << 30, 64 << 20 + 16 * size))
    }

    /// Whether reading the rows by their keys gives the same rows in the same order.
    private var isByKey: Bool {
        let keys = [MetricsColumnRole.stepName, MetricsColumnRole.epochName].compactMap { column(named: $0) }
        guard let key = keys.first else { return true }
        var last: MetricsAxisValue?
        for row in 0..<filledRowCount {
            let value = MetricsAxisValue(json(cell(row: row, column: key)))
            guard let value, last.map({ value > $0 }) ?? true else { return false }
            last = value
        }
        return true
    }
}
