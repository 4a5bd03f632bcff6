internal import HTTPServer
internal import Limits

/// Runs handlers, and turns what they return or throw into replies.
extension RunAPI {
    /// Runs a request's job on the given threads. An error that it throws becomes the reply. To be called once, on the
    /// polling thread, when the whole request is there.
    func run(on threads: Route.Threads, _ request: RunRequest, _ job: @escaping @Sendable () throws -> Void) {
        let exchange = request.exchange
        switch threads {
        case .polling: answer(exchange, with: job)
        case .quick: runOnWorker(.quick, exchange, job)
        case .long: runOnWorker(.long, exchange) { try self.withMemory(for: request, job) }
        case .bySize:
            if exchange.body.count <= settings.inlineBody, !request.body.isGzipped {
                answer(exchange, with: job)
            } else {
                runOnWorker(.long, exchange) { try self.withMemory(for: request, job) }
            }
        }
    }

    /// Runs a job that reads a body, unless the bodies that others read may leave no memory for it.
    /// - Throws: `Reserve.Exhausted`
    private func withMemory(for request: RunRequest, _ job: () throws -> Void) throws {
        let size = request.body.isGzipped ? settings.maxBody : request.exchange.body.count
        let share = try parsing.share(min(size, settings.parsedBytes))
        defer { share.giveBack() }
        try job()
    }

    /// Runs a job that reads contents, from within a job on a worker: at once, or on the threads that wait for other
    /// servers.
    /// - Parameter isRemote: whether another server keeps the contents
    func read(_ isRemote: Bool, _ exchange: HTTPExchange, _ job: @escaping @Sendable () throws -> Void) throws {
        if !isRemote { return try job() }
        exchange.goOn(on: .remote) { self.answer(exchange, with: job) }
    }

    private func runOnWorker(
        _ kind: Workers.Kind, _ exchange: HTTPExchange, _ job: @escaping @Sendable () throws -> Void
    ) {
        exchange.handOver(to: kind) {
            self.answer(exchange, with: job)
            // It may have submitted a write, which the polling thread commits.
            exchange.wakeServer()
        }
    }

    private func answer(_ exchange: HTTPExchange, with job: () throws -> Void) {
        do { try job() } catch { exchange.respond(response(for: error, exchange)) }
    }

    /// Replies with what `make` returns, or the problem that it throws.
    func answer(_ exchange: HTTPExchange, _ make: () throws -> HTTPResponse) {
        answer(exchange) { try respond(to: exchange, with: try make()) }
    }

    /// Sends a reply, whose type a browser must not guess; for GET and HEAD, in the representation that the client
    /// wants.
    func respond(to exchange: HTTPExchange, with response: HTTPResponse) throws {
        var response = response
        if response["X-Content-Type-Options"] == nil { response.headers.append(("X-Content-Type-Options", "nosniff")) }
        switch exchange.method {
        case .get, .head: exchange.respond(try SelectedReply(exchange).response(response))
        default: exchange.respond(response)
        }
    }

    /// The reply for an error, which is logged if the server is at fault.
    func response(for error: any Error, _ exchange: HTTPExchange) -> HTTPResponse {
        response(to: error, of: exchange.id, in: exchange)
    }
}
