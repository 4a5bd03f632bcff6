internal import JSON
package import Limits
internal import LocalFiles
package import RunMetadata
package import RunStore
internal import Threads

/// Writes `metrics.ndjson` and `metrics.json`: the metrics of each step or epoch.
package final class MetricsWriter: MetadataWriter {
    package let type = MetadataType.metrics
    package let summary =
        "Rows of metrics (an object, an array of objects, NDJSON, CSV), merged by step or epoch; "
        + "or a whole data frame (an object of arrays without a unique key), which replaces the stored one."
    package let forms: [BodyForm] = [.json, .ndjson, .csv, .form, .multipart]
    package let document: StoredDocument? = .file(.metricsFrame, mediaType: "application/json")
    package let queryFields: Set<String>? = [MetricsWriter.replace]
    private let parsers = ParserPool()

    private static let replace = "replace"

    private let limit: Limit
    private let clock: @Sendable () -> Double

    /// - Parameters:
    ///   - limit: the most columns of a request
    ///   - clock: seconds since 1970, stored as `_time` of arriving rows
    package init(limit: Limit = NameLimits().columns, clock: @escaping @Sendable () -> Double = wallClock) {
        (self.limit, self.clock) = (limit, clock)
    }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        let replaces = try Self.replaces(request)
        let time = Self.text(ofTime: clock())
        switch body {
        case .json(let bytes): return [try change(fromJSON: bytes, replaces, time)]
        case .ndjson(let bytes):
            let lines = try mending(bytes) { try rows(fromLines: $0, time) }
            return [try MetricsTableBody(lines, kind: .lines).change(replaces)]
        case .csv(let bytes):
            return [try MetricsTableBody(try MetricsCSV.rows(bytes, limit, time), kind: .frame).change(replaces)]
        case .text, .archive, .files, .raw:
            throw MetadataFault(.contentType(allowed: []), "metrics: this form of body cannot hold metrics")
        }
    }

    private static func replaces(_ request: WriteRequest) throws(MetadataFault) -> Bool {
        guard let value = request.query.last(where: { $0.name == replace })?.value else { return false }
        guard value == "true" || value == "false" else {
            throw .shape(nil, "metrics: replace is \"\(value.shown(atMost: 100))\"; it has to be true or false")
        }
        return value == "true"
    }

    /// A time for a row, to the millisecond.
    private static func text(ofTime seconds: Double) -> [UInt8] {
        let milliseconds = Int((seconds * 1000).rounded())
        var text: [UInt8] = []
        text.reserveCapacity(20)
        text += String(milliseconds / 1000).utf8
        text.append(UInt8(ascii: "."))
        for place in [100, 10, 1] { text.append(UInt8(ascii: "0") + UInt8(milliseconds / place % 10)) }
        return text
    }

    /// Reads a text. If it is not JSON, bare numbers and words are converted to JSON, and it is read again.
    private func mending<Result>(_ bytes: [UInt8], _ read: ([UInt8]) throws -> Result) throws -> Result {
        do { return try read(bytes) } catch let fault as MetadataFault {
            guard case .syntax = fault.kind, let mended = MetricValue.mended(bytes) else { throw fault }
            do { return try read(mended) } catch let other as MetadataFault {
                // Offsets in a fault have to be those in the text that was sent.
                if case .syntax = other.kind { throw fault }
                throw other
            }
        }
    }

    // MARK: JSON

    private func change(fromJSON bytes: [UInt8], _ replaces: Bool, _ time: [UInt8]) throws -> DataChange {
        try mending(bytes) { bytes in
            try parsers.withParser { parser in
                try bytes.withUnsafeBytes { buffer in
                    let tokens: JSONTokens
                    do throws(JSONSyntaxError) { tokens = try parser.parse(buffer, nonFinite: .allowed) } catch {
                        throw Self.fault(error, buffer)
                    }
                    if tokens.kind(at: 0) == .arrayBegin {
                        return try MetricsTableBody(try rows(inArrayOf: tokens, buffer.count, time), kind: .frame)
                            .change(replaces)
                    }
                    if let columns = try MetricsColumns(tokens, limit) { return try columns.change(replaces, time) }
                    if MetricsColumns.isByIndex(tokens) {
                        throw MetadataFault.shape(
                            JSONPointer(),
                            "metrics: an object of objects with numbers as names (pandas' orient=\"index\") is not a row; "
                                + "send an array of rows (orient=\"records\")")
                    }
                    var rows = MetricsRows()
                    try rows.append(
                        objectAt: 0, of: tokens, columns: limit, room: MetricsRows.limit(ofBody: buffer.count),
                        time: time)
                    return try replaces ? MetricsTableBody(rows, kind: .frame).change(true) : .rows(rows)
                }
            }
        }
    }

    private func rows(
        inArrayOf tokens: JSONTokens, _ size: Int, _ time: [UInt8]
    ) throws(MetadataFault) -> MetricsRows {
        var rows = MetricsRows()
        var names = MetricsNames(limit)
        let room = MetricsRows.limit(ofBody: size)
        var token = 1
        while tokens.kind(at: token) != .arrayEnd {
            try append(rowAt: token, of: tokens, room, time, to: &rows, &names)
            token = tokens.next(after: token)
        }
        if rows.isEmpty { throw .shape(JSONPointer(), "metrics: the array has no row; send at least one") }
        return rows
    }

    private func append(
        rowAt token: Int, of tokens: JSONTokens, _ room: Limit, _ time: [UInt8], to rows: inout MetricsRows,
        _ names: inout MetricsNames
    ) throws(MetadataFault) {
        let pointer = JSONPointer().appending(rows.count)
        // How jsonlite sends a row with only missing values.
        if tokens.kind(at: token) == .objectBegin, tokens.memberCount(at: token) == 0 { return rows.appendEmpty() }
        try names.add(rowAt: token, of: tokens, pointer)
        try rows.append(
            objectAt: token, of: tokens, row: rows.count + 1, pointer: pointer, room: room, time: time)
    }

    private func rows(fromLines bytes: [UInt8], _ time: [UInt8]) throws -> MetricsRows {
        try parsers.withParser { parser in
            try bytes.withUnsafeBytes { buffer in
                var rows = MetricsRows()
                var names = MetricsNames(limit)
                let room = MetricsRows.limit(ofBody: buffer.count)
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
                        } catch { throw Self.fault(error, line, start) }
                        if tokens.kind(at: 0) == .arrayBegin {
                            throw MetadataFault.shape(
                                JSONPointer().appending(rows.count),
                                "metrics row \(rows.count + 1): a line of NDJSON has to be one object; send an array of rows "
                                    + "with Content-Type: application/json")
                        }
                        try append(rowAt: 0, of: tokens, room, time, to: &rows, &names)
                    }
                    start = end + 1
                }
                if rows.isEmpty {
                    throw MetadataFault.shape(JSONPointer(), "metrics: the body has no row; send at least one")
                }
                return rows
            }
        }
    }

    /// The fault of a text. If it has several rows, with or without line breaks, the fault says how to send those.
    private static func fault(
        _ error: JSONSyntaxError, _ text: UnsafeRawBufferPointer, _ start: Int = 0
    ) -> MetadataFault {
        let (fault, place) = (MetadataFault(error), error.offset - start)
        guard text.indices.contains(place), text[place] == UInt8(ascii: "{") else { return fault }
        let between = text[..<place].reversed().prefix { " \t\r\n".utf8.contains($0) }
        guard text[..<place].dropLast(between.count).last == UInt8(ascii: "}") else { return fault }
        let cure =
            between.contains(UInt8(ascii: "\n"))
            ? "another row on another line: that is NDJSON; send it with Content-Type: application/x-ndjson"
            : "another row on the same line; curl's -d @file removes line breaks, use --data-binary @file"
        return MetadataFault(fault.kind, "\(fault.detail): \(cure)")
    }
}
