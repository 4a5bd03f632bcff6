import HTTPServer
import TestSupport
import Testing

/// Heads that come too slowly end their connections; what waits between two requests does not count.
@Suite struct SlowHeadTests {
    private func server() throws -> RunningServer {
        var limits = ServerLimits()
        limits.headSeconds = 1
        limits.bodySeconds = 600
        return try RunningServer.make(limits: limits)
    }

    @Test(arguments: ["G", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r", "\r\nG"], [0, 1, 3])
    func unfinishedHeadEndsItsConnection(text: String, requestsBefore: Int) throws {
        let server = try server()
        let client = try server.client()
        for _ in 0..<requestsBefore { #expect(try client.send("GET", "/").status == 200) }
        try client.write(Array(text.utf8))
        #expect(client.isClosed())
        #expect(try client.readToEnd().isEmpty)
    }

    /// A head's time begins anew once the request before it is answered: nobody read it before.
    @Test func headBehindASlowReplyHasItsTime() throws {
        let server = try server()
        let client = try server.client()
        let isHeld = Signal()
        let slow = try RunningServer.make(
            .make(answer: { exchange in
                exchange.onWorker(.long) {
                    _ = isHeld.wait()
                    exchange.respond(.echo(exchange))
                }
            }), limits: server.server.limits)
        let waiting = try slow.client()
        try waiting.write(HTTPClient.request("GET", "/1") + Array("GET /2 HTTP/1.1\r\nHost".utf8))
        // Longer than a head may take: the other connection's has ended by then.
        try client.write(Array("GET".utf8))
        #expect(client.isClosed())
        try waiting.write(Array(": a\r\n\r\n".utf8))
        isHeld.send()
        isHeld.send()
        #expect(try waiting.read().text == "GET /1 ")
        #expect(try waiting.read().text == "GET /2 ")
    }
}
