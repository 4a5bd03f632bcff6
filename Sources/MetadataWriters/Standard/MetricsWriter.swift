internal import JSON
package import Limits
package import RunMetadata
package import RunStore

/// Writes `metrics.ndjson` and `metrics.json`: the metrics of each epoch or step.
package struct MetricsWriter: MetadataWriter {
    package let type = MetadataType.metrics
    package let summary =
        "Rows of metrics (an object, an array of objects, NDJSON, CSV), merged by step or epoch; "
        + "or a whole data frame (an object of arrays), which replaces what is there."
    package let forms: [BodyForm] = [.json, .ndjson, .csv, .form, .multipart]
    package let document: StoredDocument? = .file(.metricsFrame, mediaType: "application/json")
    private let parsers = ParserPool()

    private let limit: Limit

    /// - Parameter limit: how many columns a request may have
    package init(limit: Limit = NameLimits().columns) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        switch body {
        case .json(let bytes): return [try fromJSON(bytes)]
        case .ndjson(let bytes): return [.rows(try fromLines(bytes))]
        case .csv(let bytes): return [.rows(try MetricsCSV.rows(bytes, limit))]
        case .archive, .files, .raw:
            throw MetadataFault(.contentType(allowed: []), "metrics: an archive holds no metrics")
        }
    }

    private func fromJSON(_ bytes: [UInt8]) throws -> DataChange {
        try parsers.withParser { parser in
            try bytes.withUnsafeBytes { buffer in
                let tokens: JSONTokens
                do throws(JSONSyntaxError) { tokens = try parser.parse(buffer, nonFinite: .allowed) } catch {
                    throw MetadataFault(error)
                }
                switch tokens.kind(at: 0) {
                case .objectBegin where Self.holdsArray(tokens):
                    try MetricsNames.check(frameAt: 0, of: tokens, limit)
                    return .frame(try MetricsFrame(columnsAt: 0, of: tokens, in: buffer).text)
                case .arrayBegin: return .rows(try rows(inArrayOf: tokens))
                default:
                    var rows = MetricsRows()
                    try rows.append(objectAt: 0, of: tokens, columns: limit)
                    return .rows(rows)
                }
            }
        }
    }

    private func rows(inArrayOf tokens: JSONTokens) throws(MetadataFault) -> MetricsRows {
        var rows = MetricsRows()
        var names = MetricsNames(limit)
        var token = 1
        while tokens.kind(at: token) != .arrayEnd {
            try names.add(rowAt: token, of: tokens, JSONPointer().appending(rows.count))
            try rows.append(
                objectAt: token, of: tokens, row: rows.count + 1, pointer: JSONPointer().appending(rows.count))
            token = tokens.next(after: token)
        }
        if rows.isEmpty { throw .shape(JSONPointer(), "metrics: the array holds no row; send at least one") }
        return rows
    }

    private func fromLines(_ bytes: [UInt8]) throws -> MetricsRows {
        try parsers.withParser { parser in
            try bytes.withUnsafeBytes { buffer in
                var rows = MetricsRows()
                var names = MetricsNames(limit)
                var start = 0
                while start < buffer.count {
                    let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) ?? buffer.count
                    let line = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
                    if !line.allSatisfy({
                        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t")
                    }) {
                        let tokens: JSONTokens
                        do throws(JSONSyntaxError) {
                            tokens = try parser.parse(line, nonFinite: .allowed, baseOffset: start)
                        } catch { throw MetadataFault(error) }
                        try names.add(rowAt: 0, of: tokens, JSONPointer().appending(rows.count))
                        try rows.append(
                            objectAt: 0, of: tokens, row: rows.count + 1, pointer: JSONPointer().appending(rows.count))
                    }
                    start = end + 1
                }
                if rows.isEmpty { throw MetadataFault.shape(JSONPointer(), "metrics: the body holds no row") }
                return rows
            }
        }
    }

    /// Whether any member of the document's object is an array: then it is a whole frame.
    private static func holdsArray(_ tokens: JSONTokens) -> Bool {
        var token = 1
        while tokens.kind(at: token) == .name {
            if tokens.kind(at: token + 1) == .arrayBegin { return true }
            token = tokens.next(after: token + 1)
        }
        return false
    }
}
