internal import HTTPServer
internal import RunMetadata
internal import RunStore

/// `/events` and `/runs/{id}/events`.
extension RunAPI {
    func readRunEvents(_ request: RoutedRequest, _ exchange: HTTPExchange) throws -> HTTPResponse {
        let run = try existingRun(request)
        guard try store.properties(of: run) != nil else { throw Problem.unknownRun(run.description) }
        return events(of: run, exchange)
    }

    /// A reply that goes on until the client or the server ends.
    func events(of run: RunID?, _ exchange: HTTPExchange) -> HTTPResponse {
        let headers = [
            ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"),
            // A proxy such as nginx passes events on as they come.
            ("X-Accel-Buffering", "no"),
        ]
        // To HEAD nothing is sent, so there is nothing to read.
        let stream =
            exchange.method == .head ? ResponseStream() : hub.open(run, after: exchange.header("Last-Event-ID"))
        return HTTPResponse(status: 200, headers: headers, body: .stream(stream))
    }
}
