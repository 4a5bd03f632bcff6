import HTTPServer
import TestSupport
import Testing

/// Clients that end their side right behind a request, as `nc -N` does: each gets its reply.
@Suite(.overBothTransports) struct HalfClosedClientTests {
    private static let rounds = 100

    @Test(arguments: ["at-once", "quick", "long", "later", "work", "stream"])
    func requestIsAnswered(how: String) throws {
        let server = try Self.server()
        for _ in 0..<Self.rounds {
            let reply = try Self.send(HTTPClient.request("GET", "/\(how)"), to: server)
            #expect(reply == "GET /\(how) ")
        }
    }

    @Test(arguments: [1, 5000, 300_000, 2_500_000])
    func bodyOfKnownLengthIsTakenAndAnswered(size: Int) throws {
        let server = try Self.server()
        for _ in 0..<(size > 100_000 ? 10 : Self.rounds) {
            let request = HTTPClient.request("POST", "/sink", body: pattern(size))
            #expect(try Self.send(request, to: server) == "\(size)")
        }
    }

    /// The end of the last chunk is in the server's memory while the sink is still at work.
    @Test(arguments: [(100_000, 100), (300_000, 7000), (2_500_000, 60_000)])
    func chunkedBodyIsTakenAndAnswered(size: Int, chunk: Int) throws {
        let server = try Self.server()
        let request = head("POST /sink HTTP/1.1", "Transfer-Encoding: chunked") + chunked(pattern(size), size: chunk)
        for _ in 0..<20 { #expect(try Self.send(request, to: server) == "\(size)") }
    }

    @Test func collectedBodyIsAnswered() throws {
        let server = try Self.server()
        for _ in 0..<Self.rounds {
            #expect(try Self.send(HTTPClient.request("POST", "/long", body: [66]), to: server) == "POST /long B")
        }
    }

    /// Fails when a reply that is on its way is cut off with the connections whose clients have gone.
    @Test func replyOnItsWayIsSentToItsEnd() throws {
        let server = try Self.server()
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/large"))
        client.endSending()
        // This one is found to have gone when all connections are looked at.
        let gone = try server.client()
        try gone.write(head("POST /sink HTTP/1.1", "Content-Length: 100000") + [1])
        gone.endSending()
        #expect(gone.isClosed())
        #expect(try client.read().body.count == 32 << 20)
    }

    /// In the middle of a request it has gone.
    @Test(arguments: ["Content-Length: 100000", "Transfer-Encoding: chunked"])
    func bodyThatIsNotCompleteEndsTheConnection(framing: String) throws {
        let server = try Self.server()
        let client = try server.client()
        try client.write(head("POST /sink HTTP/1.1", framing) + Array("5\r\nabcde\r\n".utf8))
        client.endSending()
        #expect(client.isClosed())
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    private static func send(_ request: [UInt8], to server: RunningServer) throws -> String {
        let client = try server.client()
        try client.write(request)
        client.endSending()
        return try client.read().text
    }

    private static func server() throws -> RunningServer {
        let work = FixtureWork()
        return try RunningServer.make(
            .make(
                plan: { exchange in
                    exchange.path == Array("/sink".utf8)
                        ? .stream(RecordingSink(), limit: 1 << 30) : nil
                },
                answer: { exchange in
                    switch String(decoding: exchange.path, as: UTF8.self) {
                    case "/quick": exchange.handOver(to: .quick) { exchange.respond(.echo(exchange)) }
                    case "/long": exchange.handOver(to: .long) { exchange.respond(.echo(exchange)) }
                    case "/later": exchange.onWorker(.quick) { exchange.respond(.echo(exchange)) }
                    case "/work": work.add(exchange)
                    case "/large":
                        let body = [UInt8](repeating: 65, count: 32 << 20)
                        exchange.respond(HTTPResponse(status: 200, type: "text/plain", body: body))
                    case "/stream":
                        let stream = ResponseStream()
                        exchange.respond(
                            HTTPResponse(
                                status: 200, headers: [("Content-Type", "text/plain")], body: .stream(stream)))
                        exchange.onWorker(.quick) {
                            for word in ["GET ", "/stream", " "] { _ = stream.write(Array(word.utf8)) }
                            stream.finish()
                        }
                    default: exchange.respond(.echo(exchange))
                    }
                }), work: work)
    }
}
