internal import HTTPServer

/// How handlers are run, and what they return or throw becomes a reply.
extension RunAPI {
    /// Runs what answers a request where it belongs. What it throws is the answer. To be called once, on the polling thread,
    /// when the whole request is there.
    func run(on threads: Route.Threads, _ request: RunRequest, _ job: @escaping @Sendable () throws -> Void) {
        let exchange = request.exchange
        switch threads {
        case .polling: answer(exchange, with: job)
        case .quick: runOnWorker(.quick, exchange, job)
        case .long: runOnWorker(.long, exchange, job)
        case .bySize:
            if exchange.body.count <= settings.inlineBody, !request.body.isGzipped {
                answer(exchange, with: job)
            } else {
                runOnWorker(.long, exchange, job)
            }
        }
    }

    private func runOnWorker(
        _ kind: Workers.Kind, _ exchange: HTTPExchange, _ job: @escaping @Sendable () throws -> Void
    ) {
        exchange.handOver(to: kind) {
            self.answer(exchange, with: job)
            // It may have asked the store for something, which the polling thread commits.
            exchange.wakeServer()
        }
    }

    private func answer(_ exchange: HTTPExchange, with job: () throws -> Void) {
        do { try job() } catch { exchange.respond(response(for: error, exchange)) }
    }

    /// Answers with what `make` returns, or the problem that it throws.
    func answer(_ exchange: HTTPExchange, _ make: () throws -> HTTPResponse) {
        answer(exchange) { try respond(to: exchange, with: try make()) }
    }

    /// Answers with a reply; GET and HEAD with what of it the request asks for.
    func respond(to exchange: HTTPExchange, with response: HTTPResponse) throws {
        switch exchange.method {
        case .get, .head: exchange.respond(try SelectedReply(exchange).response(response))
        default: exchange.respond(response)
        }
    }

    /// The reply to whatever was thrown, which is logged where it is the server's own fault.
    func response(for error: any Error, _ exchange: HTTPExchange) -> HTTPResponse {
        response(to: error, of: exchange.id, in: exchange)
    }
}
