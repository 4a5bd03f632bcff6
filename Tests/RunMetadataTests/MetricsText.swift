import JSON
import Limits
import RunMetadata
import Testing

/// Metrics of tests as text.
enum MetricsText {
    /// The rows that the store would append for one JSON object, or the fault.
    static func row(_ json: String, row: Int? = nil, pointer: JSONPointer = JSONPointer()) throws -> String {
        var rows = MetricsRows()
        try append(json, row: row, pointer: pointer, to: &rows)
        return String(decoding: rows.bytes, as: UTF8.self)
    }

    /// Lines of rows that are written with a space between them.
    static func lines(_ rows: String) -> String {
        rows.split(separator: " ").map { $0 + "\n" }.joined()
    }

    /// Appends the row that a JSON object holds.
    static func append(
        _ json: String, row: Int? = nil, pointer: JSONPointer = JSONPointer(), to rows: inout MetricsRows
    ) throws {
        try JSONParser().withTokens(of: Array(json.utf8), nonFinite: .allowed) { tokens in
            try rows.append(objectAt: 0, of: tokens, row: row, pointer: pointer)
        }
    }

    /// Lends the frame of rows: a frame is a view of its text.
    static func withFrame<Result>(rows: String, _ body: (MetricsFrame) throws -> Result) rethrows -> Result {
        try Array(rows.utf8).withUnsafeBytes { try body(MetricsFrame(rows: $0)) }
    }

    /// Lends the frame of columns.
    static func withFrame<Result>(columns: String, _ body: (MetricsFrame) throws -> Result) throws -> Result {
        let bytes = Array(columns.utf8)
        let parser = JSONParser()
        return try withExtendedLifetime(parser) {
            try bytes.withUnsafeBytes { buffer in
                let tokens = try parser.parse(buffer, nonFinite: .allowed)
                return try body(try #require(MetricsFrame(columnsAt: 0, of: tokens, in: buffer)))
            }
        }
    }

    /// The frame of rows as compact JSON, which is easier to read in a table than `metrics.json`.
    static func compact(rows: String) throws -> String { try withFrame(rows: rows, compact) }

    /// The frame of columns likewise.
    static func compact(columns: String) throws -> String { try withFrame(columns: columns, compact) }

    private static func compact(_ frame: MetricsFrame) throws -> String {
        String(decoding: JSONWriter.compact(try JSONValue.parse(frame.text)), as: UTF8.self)
    }

    /// `metrics.json` of rows.
    static func file(rows: String) -> String {
        withFrame(rows: rows) { String(decoding: $0.text, as: UTF8.self) }
    }

    /// `metrics.ndjson` of columns.
    static func rows(columns: String) throws -> String {
        try withFrame(columns: columns) {
            String(decoding: try $0.rows(atMost: Limit(.bytes, most: 1 << 20)), as: UTF8.self)
        }
    }
}
