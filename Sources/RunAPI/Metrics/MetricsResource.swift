internal import HTTPServer
internal import JSON
internal import Limits
internal import Logging
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/metrics`.
extension RunAPI {
    static let metricsRoutes: [Route] = [
        Route("queryMetrics", .get, "/runs/{id}/metrics", .read, query: .fields, reply: RunAPI.queryMetrics)
    ]

    /// The metrics of a run: whole from the file, reduced from the table, else streamed, a part at a time.
    func queryMetrics(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        let exchange = request.exchange
        let query = try MetricsQuery(exchange)
        let run = try existingRun(target)
        var headers = [("Content-Type", query.format.mediaType), ("Vary", "Accept")]
        if query.isWholeFrame, let file = try wholeFrame(of: run) {
            headers.append(("ETag", "\"\(file.version.text)\""))
            return HTTPResponse(
                status: 200, headers: headers, body: .blob(file))
        }
        let check = { () throws in try exchange.checkPresence() }
        guard let rows = try store.metricsRows(of: run) else {
            guard try store.snapshot(of: run) != nil else { throw Problem.unknownRun(run.description) }
            throw Problem(
                404, "no-metadata", "No such metadata",
                "the run \"\(run)\" has no metrics yet; POST to /runs/\(run)/metadata/metrics writes them")
        }
        if let points = query.points {
            let reply = try tables.reply(to: .points(query), of: run, rows, check) { table in
                let columns = try Self.columns(query, table)
                // Where nothing is left out it is told as without points, however wide it is.
                let metrics = columns.filter { !table.columns[$0].role.isKey }
                let measured = metrics.isEmpty ? columns : metrics
                if !MetricsPoints.areFewer(points, than: table, columns: measured, after: query.after) { return [] }
                let chosen = MetricsPoints(points, of: table, columns: columns, after: query.after)
                let output = MetricsOutput(format: query.format, columns: columns.map { table.columns[$0].name })
                return output.text(rows: chosen.rows, of: chosen, columns: columns)
            }
            if !reply.isEmpty { return HTTPResponse(status: 200, headers: headers, body: .bytes(reply)) }
        }
        let (names, parts, count) = try tables.withTable(of: run, rows, check) { table in
            (
                try Self.columns(query, table).map { table.columns[$0].name }, table.parts(after: query.after),
                table.rowCount
            )
        }
        let source = MetricsParts(
            rows: rows, parts: parts, rowCount: count, output: MetricsOutput(format: query.format, columns: names),
            columns: names,
            after: query.after)
        let id = exchange.id
        let stream = ResponseStream(source: {
            do { return try source.next() } catch {
                self.log.error("the metrics of \(run) were cut off: \(error)", metadata: ["request_id": "\(id)"])
                throw error
            }
        })
        headers.append(("ETag", try Self.tag(of: rows, query.format)))
        return HTTPResponse(status: 200, headers: headers, body: .stream(stream))
    }

    /// Tells rows apart without reading all of them: by which text they are, how long it is, how it begins and ends. Weak,
    /// since something else may have changed it in between.
    private static func tag(of rows: any MetricsText, _ format: MetricsFormat) throws -> String {
        let ends = try rows.read(0..<min(rows.size, 1024)) + rows.read(max(0, rows.size - 1024)..<rows.size)
        let digest = Digest.of(ends, .sha256).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        let parts = [rows.identity, UInt64(rows.size), digest].map { String($0, radix: 16) }
        return "W/\"\(parts.joined(separator: "-"))-\(format.rawValue)\""
    }

    /// `metrics.json`; nil where that is not there, or cannot be made of so many rows.
    private func wholeFrame(of run: RunID) throws -> (any Blob)? {
        do { return try store.file(.metricsFrame, of: run) } catch StoreError.tooLarge { return nil }
    }

    /// The indices of the columns that are asked for.
    private static func columns(_ query: MetricsQuery, _ table: MetricsTable) throws(Problem) -> [Int] {
        guard let asked = query.columns else { return table.shownColumns }
        var indices: [Int] = []
        for name in asked {
            guard let index = table.column(named: name.text) else {
                throw .invalidQuery(
                    "there is no column \"\(name.text.shown(atMost: 100))\"; there are: "
                        + table.shownColumns.map { table.columns[$0].name }.listed(atMost: 20)
                )
            }
            indices.append(index)
        }
        return indices
    }
}
