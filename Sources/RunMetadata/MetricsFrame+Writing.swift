internal import JSON

extension MetricsFrame {
    /// Writes the frame by column, as tfruns writes `metrics.json`: pretty, each column's array on one line.
    /// - Parameter write: takes the next part, some 64 KiB at a time
    package func write(to write: ([UInt8]) throws -> Void) rethrows {
        var output: [UInt8] = []
        output.reserveCapacity(72 * 1024)
        let positions = orderedPositions
        output.append(contentsOf: "{".utf8)
        for (index, column) in columns.enumerated() {
            output.append(contentsOf: (index == 0 ? "\n  " : ",\n  ").utf8)
            column.nameBytes.withUnsafeBytes { JSONWriter.append(stringUTF8: $0, to: &output) }
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
        output.append(contentsOf: (columns.isEmpty ? "}\n" : "\n}\n").utf8)
        try write(output)
    }

    /// The whole frame as one text.
    package var text: [UInt8] {
        var text: [UInt8] = []
        write { text += $0 }
        return text
    }

    /// The frame as rows, with which `metrics.ndjson` begins where there was only `metrics.json`. Rows at the end in which
    /// everything is missing are epochs to come, and left out.
    package var rows: [UInt8] {
        var output: [UInt8] = []
        let positions = orderedPositions
        for row in 0..<filledRowCount {
            output.append(UInt8(ascii: "{"))
            for (index, column) in columns.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                column.nameBytes.withUnsafeBytes { JSONWriter.append(stringUTF8: $0, to: &output) }
                output.append(UInt8(ascii: ":"))
                output.append(contentsOf: json(cell(row: positions?[row] ?? row, column: index)))
            }
            output.append(contentsOf: "}\n".utf8)
        }
        return output
    }
}
