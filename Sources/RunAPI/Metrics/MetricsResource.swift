internal import Access
internal import HTTPServer
internal import Logging
internal import RunMetadata
internal import RunStore

/// `/runs/{id}/metrics`.
extension RunAPI {
    static let metricsRoutes: [Route] = [
        Route("queryMetrics", .get, "/runs/{id}/metrics", .read, query: .fields, reply: RunAPI.queryMetrics)
    ]

    /// The metrics of a run: the whole frame from its file, points at once, anything else streamed part by part.
    func queryMetrics(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        let exchange = request.exchange
        let query = try MetricsQuery(exchange)
        let run = try existingRun(target)
        var headers = [("Content-Type", query.format.mediaType), ("Vary", "Accept")]
        if query.isWholeFrame, let file = try wholeFrame(of: run) {
            headers.append(("ETag", "\"\(file.version.text)\""))
            return HTTPResponse(
                status: 200, headers: headers, body: try .blob(file))
        }
        let found = try store.metrics(query.selection, of: run) { !exchange.isAbandoned }
        guard let metrics = found else {
            guard try store.snapshot(of: run) != nil else { throw Problem.unknownRun(run.description) }
            throw Problem(
                404, "no-metadata", "No such metadata",
                "the run \"\(run)\" has no metrics yet; POST to /runs/\(run)/metadata/metrics writes them")
        }
        let source = MetricsParts(metrics, query.format)
        guard let version = metrics.version else {
            return HTTPResponse(status: 200, headers: headers, body: .bytes(try source.all()))
        }
        let id = exchange.id
        let stream = ResponseStream(source: {
            do { return try source.next() } catch {
                self.log.error("the metrics of \(run) were cut off: \(error)", metadata: ["request_id": "\(id)"])
                throw error
            }
        })
        // Weak: something else may change the rows while they are read.
        headers.append(("ETag", "W/\"\(version.text)-\(query.format.rawValue)\""))
        return HTTPResponse(status: 200, headers: headers, body: .stream(stream))
    }

    /// `metrics.json`; nil if it does not exist, or cannot be made of so many rows.
    private func wholeFrame(of run: RunID) throws -> (any Blob)? {
        do { return try store.file(.metricsFrame, of: run) } catch StoreError.tooLarge { return nil }
    }
}
