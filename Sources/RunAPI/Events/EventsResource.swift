internal import Access
internal import HTTPServer
internal import RunMetadata
internal import RunStore

/// `/events` and `/runs/{id}/events`.
extension RunAPI {
    static let eventRoutes: [Route] = [
        Route("readRunEvents", .get, "/runs/{id}/events", .read, reply: RunAPI.readRunEvents),
        Route("readEvents", .get, "/events", .read, reply: RunAPI.readEvents).about(.inScope),
    ]

    func readEvents(_ request: RunRequest) throws -> HTTPResponse { try events(of: nil, request.exchange) }

    func readRunEvents(_ request: RunRequest, _ target: RunTarget) throws -> HTTPResponse {
        let run = try existingRun(target)
        guard try store.properties(of: run) != nil else { throw Problem.unknownRun(run.description) }
        return try events(of: run, request.exchange)
    }

    /// A reply that goes on until the client or the server ends.
    private func events(of run: RunID?, _ exchange: HTTPExchange) throws -> HTTPResponse {
        let headers = [
            ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
            // A proxy such as nginx passes events on as they come.
            ("X-Accel-Buffering", "no"),
        ]
        // To HEAD nothing is sent, so there is nothing to read.
        let stream =
            try exchange.method == .head
            ? ResponseStream() : hub.open(run, after: exchange.header("Last-Event-ID"), for: exchange.grant)
        return HTTPResponse(status: 200, headers: headers, body: .stream(stream))
    }
}
