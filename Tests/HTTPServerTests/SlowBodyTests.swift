import HTTPServer
import TestSupport
import Testing

/// Bodies that stop coming end their connections; what came is thrown away.
@Suite(.overBothTransports) struct SlowBodyTests {
    private func server(_ handler: FixtureHandler = .make()) throws -> RunningServer {
        var limits = ServerLimits()
        limits.headSeconds = 600
        limits.bodySeconds = 1
        return try RunningServer.make(handler, limits: limits)
    }

    @Test(arguments: [
        head("POST /u HTTP/1.1", "Content-Length: 1000"),
        head("POST /u HTTP/1.1", "Content-Length: 1000") + pattern(999),
        head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + Array("5\r\nabc".utf8),
        head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + chunked(pattern(100), size: 10).dropLast(2),
    ])
    func unfinishedBodyEndsItsConnection(begun: [UInt8]) throws {
        let server = try server()
        let client = try server.client()
        #expect(try client.send("GET", "/").status == 200)
        try client.write(begun)
        #expect(client.isClosed())
        #expect(eventually { server.server.requestsInFlight == 0 })
        #expect(try server.client().send("POST", "/u", body: pattern(1000)).status == 200)
    }

    @Test func unfinishedUploadIsCancelled() throws {
        let sink = RecordingSink()
        let server = try server(.streaming(to: sink))
        let client = try server.client()
        try client.write(head("POST /u HTTP/1.1", "Content-Length: 5000000") + pattern(2_000_000))
        #expect(client.isClosed())
        #expect(eventually { sink.record.cancelled == 1 })
        #expect(sink.record.finished == 0)
    }

    /// Fails when the time for a body is counted from its beginning.
    @Test func bodyThatComesSlowlyIsTaken() throws {
        let server = try server()
        let (slow, still) = (try server.client(), try server.client())
        try slow.write(head("POST /slow HTTP/1.1", "Content-Length: 1000000"))
        // Bytes go on coming until one that stands still has been ended.
        try still.write(head("POST /still HTTP/1.1", "Content-Length: 2") + [1])
        #expect(eventually { server.server.requestsInFlight == 2 })
        var sent = 0
        let isEnded = try eventually {
            try slow.write([UInt8(ascii: "x")])
            sent += 1
            return sent > 1 && server.server.requestsInFlight == 1
        }
        #expect(isEnded && still.isClosed())
        try slow.write([UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000 - sent))
        #expect(try slow.read().status == 200)
    }
}
