internal import HTTPServer
internal import Logging
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/metrics`.
extension RunAPI {
    /// The metrics of a run: whole from the file, reduced from the table, else streamed, a part at a time.
    func readMetrics(_ request: RoutedRequest, _ exchange: HTTPExchange) throws -> HTTPResponse {
        let query = try MetricsQuery(exchange)
        let run = try existingRun(request)
        let headers = [("Content-Type", query.format.mediaType), ("Vary", "Accept")]
        if query.isWholeFrame, let file = try store.file(.metricsFrame, of: run) {
            return HTTPResponse(
                status: 200, headers: headers, body: .file(descriptor: file.descriptor, size: file.size))
        }
        guard let rows = try store.metricsRows(of: run) else {
            guard try store.snapshot(of: run) != nil else { throw Problem.unknownRun(run.description) }
            throw Problem(
                404, "no-metadata", "No such metadata",
                "the run \"\(run)\" has no metrics yet; POST to /runs/\(run)/metadata/metrics writes them")
        }
        if let points = query.points {
            let reply = try tables.reply(to: query, of: run, rows) { table in
                let columns = try Self.columns(query, table)
                let chosen = table.points(points, columns: columns, after: query.after)
                let output = MetricsOutput(format: query.format, columns: columns.map { table.columnNames[$0] })
                return output.text(rows: chosen, of: table, columns: columns)
            }
            return HTTPResponse(status: 200, headers: headers, body: .bytes(reply))
        }
        let (names, parts) = try tables.withTable(of: run, rows) { table in
            (try Self.columns(query, table).map { table.columnNames[$0] }, table.parts(after: query.after))
        }
        let source = MetricsParts(
            rows: rows, parts: parts, output: MetricsOutput(format: query.format, columns: names), columns: names,
            after: query.after)
        let stream = ResponseStream(source: {
            do { return try source.next() } catch {
                self.log.error("the metrics of \(run) were cut off: \(error)")
                throw error
            }
        })
        return HTTPResponse(status: 200, headers: headers, body: .stream(stream))
    }

    /// The indices of the columns that are asked for.
    private static func columns(_ query: MetricsQuery, _ table: MetricsTable) throws(Problem) -> [Int] {
        let names = table.columnNames
        guard let asked = query.columns else { return Array(names.indices) }
        var indices: [Int] = []
        for name in asked {
            guard let index = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
                throw .invalidQuery("there is no column \"\(name)\"; there are: \(names.joined(separator: ", "))")
            }
            indices.append(index)
        }
        return indices
    }
}

/// Makes a reply of a run's rows, one part of their text after the other, with every number as it was sent.
final class MetricsParts: @unchecked Sendable {
    // Sendable: the stream asks for one part after the other.

    private let rows: StoredRows
    private let parts: [(range: Range<Int>, greatestKey: Int)]
    private let columns: [String]
    private let after: Int?
    private var output: MetricsOutput
    private var column = 0
    private var part = 0
    private var hasBegun = false
    private var isAtFirstValue = true
    private var hasEnded = false

    init(
        rows: StoredRows, parts: [(range: Range<Int>, greatestKey: Int)], output: MetricsOutput, columns: [String],
        after: Int?
    ) {
        (self.rows, self.parts, self.output, self.columns, self.after) = (rows, parts, output, columns, after)
    }

    /// The next part of the reply; nil at its end.
    func next() throws -> [UInt8]? {
        if hasEnded { return nil }
        return output.format == .columns ? try nextOfColumns() : try nextOfRows()
    }

    private func nextOfRows() throws -> [UInt8] {
        var text = hasBegun ? [] : output.head
        hasBegun = true
        guard part < parts.count else {
            hasEnded = true
            return text + output.tail
        }
        try withFrame(part) { frame in
            let indices = columns.map { frame.column(named: $0) }
            for row in frame.rows(after: after) { output.append(row: row, of: frame, columns: indices, to: &text) }
        }
        part += 1
        return text
    }

    /// Column after column: where there is more than one part, each is read once a column.
    private func nextOfColumns() throws -> [UInt8] {
        guard column < columns.count else {
            hasEnded = true
            return output.columnsEnd
        }
        var text: [UInt8] = []
        if part < parts.count {
            try withFrame(part) { frame in
                let order = frame.rows(after: after)
                repeat {
                    beginColumn(&text)
                    let index = frame.column(named: columns[column])
                    for row in order {
                        output.append(row: row, of: frame, column: index, isFirst: isAtFirstValue, to: &text)
                        isAtFirstValue = false
                    }
                    if parts.count == 1 { endColumn() }
                } while parts.count == 1 && column < columns.count
            }
            part += 1
            if parts.count > 1, part == parts.count { endColumn() }
        } else {
            beginColumn(&text)
            endColumn()
        }
        return text
    }

    private func beginColumn(_ text: inout [UInt8]) {
        if !hasBegun { output.beginColumn(column, to: &text) }
        hasBegun = true
    }

    private func endColumn() {
        column += 1
        if parts.count > 1 { part = 0 }
        hasBegun = false
        isAtFirstValue = true
    }

    private func withFrame(_ index: Int, _ body: (MetricsFrame) throws -> Void) throws {
        let text = try rows.read(parts[index].range)
        try text.withUnsafeBytes { try body(MetricsFrame(rows: $0, greatestKey: parts[index].greatestKey)) }
    }
}
