import HTTPServer
import TestSupport
import Testing

/// The memory that bodies of all requests share.
@Suite(.overBothTransports) struct BodyMemoryTests {
    @Test func uploadForWhichThereIsNoMemoryIsRefusedBeforeAnyOfItIsTaken() throws {
        var limits = ServerLimits()
        // Of three uploads.
        limits.bodyMemory = 1_900_000
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink), limits: limits)
        let open = try (0..<3).map { _ in
            let client = try server.client()
            try client.write(head("POST /u HTTP/1.1", "Content-Length: 1000000") + [1])
            return client
        }
        #expect(eventually { server.server.requestsInFlight == 3 })
        let reply = try server.client().send("POST", "/u", body: [1, 2, 3])
        #expect(reply.status == 503)
        #expect(reply.text == "noMemory")
        #expect(eventually { sink.record.cancelled == 1 })
        #expect(try server.client().send("GET", "/").status == 200)
        withExtendedLifetime(open) {}
    }

    @Test func memoryIsGivenBackWithEachRequest() throws {
        var limits = ServerLimits()
        limits.bodyMemory = 1 << 20
        let server = try RunningServer.make(.streaming(to: RecordingSink()), limits: limits)
        let client = try server.client()
        for _ in 0..<20 { #expect(try client.send("POST", "/u", body: pattern(2_000_000)).status == 201) }
    }

    @Test func collectedBodiesCountToo() throws {
        var limits = ServerLimits()
        limits.bodyMemory = 1_500_000
        let server = try RunningServer.make(limits: limits)
        let open = try server.client()
        try open.write(head("POST /u HTTP/1.1", "Content-Length: 1000000") + [1])
        #expect(eventually { server.server.requestsInFlight == 1 })
        let body = pattern(900_000)
        let refused = try server.client()
        // The server does not read it: it may close before all is written.
        try? refused.write(HTTPClient.request("POST", "/u", body: body))
        #expect(try refused.read().status == 503)
        let client = try server.client()
        try client.write(head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + chunked(body, size: 5000))
        #expect(try client.read().status == 503)
        #expect(try server.client().send("POST", "/u", body: pattern(60_000)).status == 200)
        try open.write([UInt8](repeating: 65, count: 999_999))
        #expect(try open.read().status == 200)
        #expect(try server.client().send("POST", "/u", body: body).status == 200)
    }
}
