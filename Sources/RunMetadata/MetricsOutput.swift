internal import JSON

/// A source of metrics by row and column, as JSON text.
package protocol MetricsCells {
    /// Appends a value: a number, `"NaN"`, `"Inf"`, `"-Inf"` or `null`.
    func append(row: Int, column: Int, to output: inout [UInt8])
}

extension MetricsFrame: MetricsCells {
    /// Appends a value's text as it was sent.
    package func append(row: Int, column: Int, to output: inout [UInt8]) {
        output.append(contentsOf: json(cell(row: row, column: column)))
    }
}

/// The formats of metrics in a reply.
package enum MetricsFormat: String, Sendable, CaseIterable {
    /// A JSON object of arrays, as `metrics.json` is.
    case columns
    /// A JSON array of objects.
    case rows
    /// One JSON object per line.
    case ndjson
    /// A line of names, then one line per row (RFC 4180).
    case csv

    package var mediaType: String {
        switch self {
        case .columns, .rows: "application/json"
        case .ndjson: "application/x-ndjson"
        case .csv: "text/csv; charset=utf-8; header=present"
        }
    }
}

/// Writes some columns of some rows in a format, part by part.
package struct MetricsOutput: Sendable {
    package let format: MetricsFormat
    /// Names as JSON text.
    private let names: [[UInt8]]
    private let csvHead: [UInt8]
    private var isFirst = true

    package init(format: MetricsFormat, columns: [String]) {
        self.format = format
        var head: [UInt8] = []
        if format == .csv { CSV.append(columns, to: &head) }
        csvHead = head + [UInt8(ascii: "\n")]
        names = columns.map { name in
            var text: [UInt8] = []
            JSONWriter.append(string: name, to: &text)
            return text
        }
    }

    /// The text before the first row. (Not for `columns`.)
    package var head: [UInt8] {
        switch format {
        case .columns: []
        case .rows: [UInt8(ascii: "[")]
        case .ndjson: []
        case .csv: csvHead
        }
    }

    /// The text after the last row. (Not for `columns`.)
    package var tail: [UInt8] { format == .rows ? Array(isFirst ? "]\n".utf8 : "\n]\n".utf8) : [] }

    /// Appends a row. (Not for `columns`.)
    /// - Parameter columns: for each name, its column in `cells`; nil if there is no such column
    package mutating func append(
        row: Int, of cells: some MetricsCells, columns: [Int?], to output: inout [UInt8]
    ) {
        if format == .csv { return appendCSV(row, cells, columns, &output) }
        if format == .rows { output.append(contentsOf: (isFirst ? "\n" : ",\n").utf8) }
        isFirst = false
        output.append(UInt8(ascii: "{"))
        let start = output.count
        for (index, column) in columns.enumerated() {
            guard let column else { continue }
            let before = output.count
            if before > start { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: names[index])
            output.append(UInt8(ascii: ":"))
            let value = output.count
            cells.append(row: row, column: column, to: &output)
            // Missing values are left out.
            if output[value] == UInt8(ascii: "n") { output.removeLast(output.count - before) }
        }
        output.append(UInt8(ascii: "}"))
        if format == .ndjson { output.append(UInt8(ascii: "\n")) }
    }

    /// Appends the text before a column's first value. (For `columns`.)
    package func beginColumn(_ index: Int, to output: inout [UInt8]) {
        output.append(contentsOf: (index == 0 ? "{\n  " : "],\n  ").utf8)
        output.append(contentsOf: names[index])
        output.append(contentsOf: ": [".utf8)
    }

    /// The text after the last column.
    package var columnsEnd: [UInt8] { Array((names.isEmpty ? "{}\n" : "]\n}\n").utf8) }

    /// Appends a column's next value.
    package func append(
        row: Int, of cells: some MetricsCells, column: Int?, isFirst: Bool, to output: inout [UInt8]
    ) {
        if !isFirst { output.append(contentsOf: ", ".utf8) }
        guard let column else { return output.append(contentsOf: "null".utf8) }
        cells.append(row: row, column: column, to: &output)
    }

    /// The text of some rows, all at once.
    package func text(rows: [Int], of cells: some MetricsCells, columns: [Int]) -> [UInt8] {
        var output: [UInt8] = []
        if format == .columns {
            for (index, column) in columns.enumerated() {
                beginColumn(index, to: &output)
                for (number, row) in rows.enumerated() {
                    append(row: row, of: cells, column: column, isFirst: number == 0, to: &output)
                }
            }
            return output + columnsEnd
        }
        var writer = self
        output = head
        for row in rows { writer.append(row: row, of: cells, columns: columns, to: &output) }
        return output + writer.tail
    }

    private func appendCSV(_ row: Int, _ cells: some MetricsCells, _ columns: [Int?], _ output: inout [UInt8]) {
        for (index, column) in columns.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            guard let column else { continue }
            CSV.append(to: &output) { cells.append(row: row, column: column, to: &$0) }
        }
        output.append(UInt8(ascii: "\n"))
    }
}
