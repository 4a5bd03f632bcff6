internal import CCSV
internal import JSON
internal import RunMetadata

/// CSV with a header (RFC 4180), read by libcsv.
struct CSVTable {
    /// The names of the columns, all different.
    let header: [String]
    /// At least one row; each has as many fields as the header.
    let rows: [[[UInt8]]]

    /// Collects fields while libcsv reads.
    private final class Reader {
        var header: [String]?
        var fields: [[UInt8]] = []
        var lines: [[[UInt8]]] = []
    }

    /// - Parameter type: the type that is read, for faults
    init(_ bytes: [UInt8], type: MetadataType) throws(MetadataFault) {
        let reader = try Self.read(bytes, type)
        if let header = reader.header, header.count == 1 {
            for (separator, name) in [(";", "\";\""), ("\t", "tabs")] where header[0].contains(separator) {
                throw .shape(nil, "\(type): the fields are separated by \(name); separate them by commas (RFC 4180)")
            }
        }
        guard let header = reader.header, !reader.lines.isEmpty else {
            // `curl -d @file` sends a file in this way, without its line breaks.
            let isOneLine = bytes.count { $0 == UInt8(ascii: ",") } > 1 && !bytes.contains(UInt8(ascii: "\n"))
            throw .shape(
                nil,
                "\(type): the CSV has no row; send a line of names and at least one line of values"
                    + (isOneLine ? " (curl's -d @file removes line breaks; use --data-binary @file)" : "")
            )
        }
        try Self.check(header, type)
        for (index, fields) in reader.lines.enumerated() where fields.count != header.count {
            throw .shape(
                JSONPointer().appending(index),
                "\(type) row \(index + 1): \(fields.count) fields, but the CSV has \(header.count) columns")
        }
        (self.header, rows) = (header, reader.lines)
    }

    private static func read(_ bytes: [UInt8], _ type: MetadataType) throws(MetadataFault) -> Reader {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw MetadataFault(.syntax(offset: nil), "\(type): the CSV is not UTF-8; encode it as UTF-8")
        }
        var parser = csv_parser()
        guard csv_init(&parser, UInt8(CSV_STRICT | CSV_STRICT_FINI)) == 0 else {
            throw MetadataFault(.syntax(offset: nil), "\(type): the CSV cannot be read")
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
                .syntax(offset: taken), "\(type): the CSV has a misplaced quote at byte \(taken); see RFC 4180"
            )
        }
        return reader
    }

    private static func check(_ header: [String], _ type: MetadataType) throws(MetadataFault) {
        var seen: Set<ExactText> = []
        for (index, name) in header.enumerated() {
            if name.isEmpty {
                throw .shape(
                    nil,
                    "\(type): column \(index + 1) of the CSV has no name; write it with row.names = FALSE in R, in pandas "
                        + "with index=False")
            }
            if !seen.insert(ExactText(name)).inserted {
                throw .shape(nil, "\(type): the CSV has the column \"\(name)\" twice")
            }
        }
    }
}
