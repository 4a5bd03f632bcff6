internal import CCSV
internal import JSON
internal import RunMetadata

/// Reads rows of metrics from CSV with a header (RFC 4180), by libcsv.
enum MetricsCSV {
    /// Collects fields while libcsv reads.
    private final class Reader {
        var header: [String]?
        var fields: [[UInt8]] = []
        var lines: [[[UInt8]]] = []
    }

    static func rows(_ bytes: [UInt8]) throws(MetadataFault) -> MetricsRows {
        let reader = try read(bytes)
        guard let header = reader.header, !reader.lines.isEmpty else {
            throw .shape(nil, "metrics: the CSV has no row; send a line of names and at least one of numbers")
        }
        try check(header)
        var rows = MetricsRows()
        let parser = JSONParser()
        for (index, fields) in reader.lines.enumerated() {
            try append(fields, header, row: index + 1, to: &rows, parser)
        }
        return rows
    }

    private static func read(_ bytes: [UInt8]) throws(MetadataFault) -> Reader {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw MetadataFault(.syntax(offset: nil), "metrics: the CSV is not UTF-8")
        }
        var parser = csv_parser()
        guard csv_init(&parser, UInt8(CSV_STRICT | CSV_STRICT_FINI)) == 0 else {
            throw MetadataFault(.syntax(offset: nil), "metrics: the CSV cannot be read")
        }
        defer { csv_free(&parser) }
        let reader = Reader()
        let context = Unmanaged.passUnretained(reader).toOpaque()
        let field: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
            text, size, context in
            let reader = Unmanaged<Reader>.fromOpaque(context!).takeUnretainedValue()
            reader.fields.append(Array(UnsafeRawBufferPointer(start: text, count: size)))
        }
        let line: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = { _, context in
            let reader = Unmanaged<Reader>.fromOpaque(context!).takeUnretainedValue()
            if reader.header == nil {
                reader.header = reader.fields.map { String(decoding: $0, as: UTF8.self) }
            } else {
                reader.lines.append(reader.fields)
            }
            reader.fields = []
        }
        let taken = bytes.withUnsafeBytes { csv_parse(&parser, $0.baseAddress, $0.count, field, line, context) }
        guard taken == bytes.count, csv_fini(&parser, field, line, context) == 0 else {
            throw MetadataFault(
                .syntax(offset: taken), "metrics: the CSV has a quote where none may be, at byte \(taken); see RFC 4180"
            )
        }
        return reader
    }

    private static func check(_ header: [String]) throws(MetadataFault) {
        var seen: Set<String> = []
        for (index, name) in header.enumerated() {
            if name.isEmpty {
                throw .shape(
                    nil, "metrics: column \(index + 1) of the CSV has no name; in R, write it with row.names = FALSE")
            }
            if !seen.insert(name).inserted { throw .shape(nil, "metrics: the CSV has the column \"\(name)\" twice") }
        }
    }

    private static func append(
        _ fields: [[UInt8]], _ header: [String], row: Int, to rows: inout MetricsRows, _ parser: JSONParser
    ) throws(MetadataFault) {
        guard fields.count == header.count else {
            throw .shape(
                JSONPointer().appending(row - 1),
                "metrics row \(row): \(fields.count) fields, but the CSV has \(header.count) columns")
        }
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
                try rows.append(objectAt: 0, of: tokens, row: row, pointer: JSONPointer().appending(row - 1))
            } catch {
                fault = error as? MetadataFault ?? (error as? JSONSyntaxError).map { MetadataFault($0) }
            }
        }
        if let fault { throw fault }
    }

    /// A field as JSON: missing where it is empty, a number where it reads as one, else text (NA, NaN and Inf among it).
    private static func json(_ field: [UInt8]) -> [UInt8] {
        if field.isEmpty { return Array("null".utf8) }
        let text = String(decoding: field, as: UTF8.self)
        if let number = JSONNumber(text), number.isFinite { return Array(number.text.utf8) }
        var quoted: [UInt8] = []
        JSONWriter.append(string: text, to: &quoted)
        return quoted
    }
}
