import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Replies that come over time, and whose size is known before.
@Suite(.overBothTransports) struct SizedStreamTests {
    /// A server whose replies are made of parts.
    /// - Parameter size: what the head says
    private static func server(_ parts: [[UInt8]], size: Int) throws -> RunningServer {
        try RunningServer.make(
            .make(answer: { exchange in
                let rest = Mutex(parts[...])
                let stream = ResponseStream(size: size, on: .remote) { rest.withLock { $0.popFirst() } }
                exchange.respond(HTTPResponse(status: 200, body: .stream(stream)))
            }))
    }

    @Test func theHeadTellsTheSizeAndTheConnectionStays() throws {
        let parts = (0..<20).map { pattern(100_000 + $0) }
        let body = parts.flatMap(\.self)
        let server = try Self.server(parts, size: body.count)
        let client = try server.client()
        for _ in 0..<3 {
            let reply = try client.send("GET", "/")
            #expect(reply.headers["content-length"] == "\(body.count)")
            #expect(reply.headers["transfer-encoding"] == nil && reply.headers["connection"] == nil)
            #expect(isSame(reply.body, body))
            let head = try client.send("HEAD", "/")
            #expect(head.headers["content-length"] == "\(body.count)" && head.headers["connection"] == nil)
        }
        server.stop()
    }

    @Test func aSourceThatEndsTooEarlyCutsTheReply() throws {
        let server = try Self.server([pattern(100_000)], size: 100_001)
        let client = try server.client()
        #expect(throws: HTTPClient.Failure.self) { try client.send("GET", "/") }
        server.stop()
    }
}
