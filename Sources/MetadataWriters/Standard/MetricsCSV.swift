internal import JSON
internal import Limits
internal import RunMetadata

/// Reads rows of metrics from CSV with a header.
enum MetricsCSV {
    static func rows(_ bytes: [UInt8], _ limit: Limit, _ time: [UInt8]) throws(MetadataFault) -> MetricsRows {
        let table = try CSVTable(bytes, type: .metrics)
        if table.header.count > limit.most { throw .excess(LimitExceeded(limit), "metrics") }
        var rows = MetricsRows()
        let parser = JSONParser()
        let room = MetricsRows.limit(ofBody: bytes.count)
        for (index, fields) in table.rows.enumerated() {
            try append(fields, table.header, row: index + 1, room, time, to: &rows, parser)
        }
        return rows
    }

    private static func append(
        _ fields: [[UInt8]], _ header: [String], row: Int, _ room: Limit, _ time: [UInt8], to rows: inout MetricsRows,
        _ parser: JSONParser
    ) throws(MetadataFault) {
        var object: [UInt8] = [UInt8(ascii: "{")]
        for (name, field) in zip(header, fields) {
            if object.count > 1 { object.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: name, to: &object)
            object.append(UInt8(ascii: ":"))
            object += Self.json(field)
        }
        object.append(UInt8(ascii: "}"))
        var fault: MetadataFault?
        object.withUnsafeBytes { bytes in
            do {
                let tokens = try parser.parse(bytes, nonFinite: .refused)
                try rows.append(
                    objectAt: 0, of: tokens, row: row, pointer: JSONPointer().appending(row - 1), room: room,
                    time: time)
            } catch {
                fault = error as? MetadataFault ?? (error as? JSONSyntaxError).map { MetadataFault($0) }
            }
        }
        if let fault { throw fault }
    }

    /// A field as JSON: missing if empty, a number if it reads as one, else text (including words for NaN and
    /// infinities).
    private static func json(_ field: [UInt8]) -> [UInt8] {
        let text = String(decoding: field, as: UTF8.self)
        let word = String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        if word.isEmpty { return Array("null".utf8) }
        if let number = MetricValue.number(word) { return Array(number.text.utf8) }
        if case .missing = Array(word.utf8).withUnsafeBytes({ MetricValue.named($0) }) { return Array("null".utf8) }
        var quoted: [UInt8] = []
        JSONWriter.append(string: word, to: &quoted)
        return quoted
    }
}
