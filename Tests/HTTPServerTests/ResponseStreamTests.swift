import Foundation
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Replies whose bodies come over time.
@Suite(.overBothTransports) struct ResponseStreamTests {
    /// Answers each request with a stream of the test's.
    private func server(
        limits: ServerLimits = ServerLimits(), _ stream: @escaping @Sendable (HTTPExchange) -> ResponseStream
    ) throws -> RunningServer {
        try RunningServer.make(
            .make(answer: { $0.respond(HTTPResponse(status: 200, body: .stream(stream($0)))) }), limits: limits)
    }

    @Test(arguments: [0, 1, 1000, 100_000, 5_000_000])
    func bodyOfASourceArrivesWholeAndTheConnectionGoesOn(size: Int) throws {
        let body = pattern(size)
        let server = try server { _ in
            let parts = Mutex(stride(from: 0, to: size, by: 10_007).map { body[$0..<min($0 + 10_007, size)] }[...])
            return ResponseStream(limit: 50_000) { parts.withLock { $0.popFirst().map { Array($0) } } }
        }
        let client = try server.client()
        for _ in 0..<3 {
            let reply = try client.send("GET", "/")
            #expect(reply.headers["transfer-encoding"] == "chunked")
            #expect(isSame(reply.body, body))
        }
        try client.write(Array("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8))
        #expect(try client.read(hasBody: false).headers["transfer-encoding"] == nil)
        #expect(isSame(try client.readToEnd(), body), "HTTP/1.0: until the connection closes")
    }

    @Test func eachPartArrivesWhenItIsWritten() throws {
        let stream = ResponseStream()
        let server = try server { _ in stream }
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/"))
        for number in 0..<50 {
            let part = Array("part \(number)".utf8)
            #expect(stream.write(part))
            if number == 0 { #expect(try client.read(hasBody: false).status == 200) }
            #expect(try client.readChunk() == part)
        }
        stream.finish()
        #expect(try client.readChunk() == nil)
        #expect(stream.write([1]) == false, "ended")
    }

    @Test func slowReaderHoldsTheSourceBackAndGetsAll() throws {
        let body = pattern(24 << 20)
        let sent = Atomic<Int>(0)
        let stream = ResponseStream(limit: 100_000) {
            let start = sent.load(ordering: .relaxed)
            if start == body.count { return nil }
            let end = min(start + 65_536, body.count)
            sent.store(end, ordering: .relaxed)
            return Array(body[start..<end])
        }
        let server = try server { $0.path == Array("/".utf8) ? stream : ResponseStream { nil } }
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/"))
        // Other requests are the clock, as in the other direction.
        let other = try server.client()
        let isHeldBack = try eventually {
            let before = sent.load(ordering: .relaxed)
            for _ in 0..<200 { _ = try other.send("GET", "/other") }
            return before > 0 && sent.load(ordering: .relaxed) == before
        }
        #expect(isHeldBack)
        #expect(sent.load(ordering: .relaxed) < body.count / 2, "what the system's buffers hold, and no more")
        #expect(isSame(try client.read().body, body))
    }

    @Test func partThatFindsNoRoomIsRefused() {
        let stream = ResponseStream(limit: 10)
        #expect(stream.write(Array(repeating: 1, count: 20)), "one part is taken, whatever its size")
        #expect(stream.write([1]) == false)
        let other = ResponseStream(limit: 10)
        #expect(other.write(Array(repeating: 1, count: 6)))
        #expect(other.write(Array(repeating: 1, count: 5)) == false)
        #expect(other.write(Array(repeating: 1, count: 4)))
    }

    @Test func headHasNoBodyAndEndsTheStream() throws {
        let over = Signal()
        let server = try server { _ in ResponseStream(isEndless: true, whenOver: over.send) }
        let client = try server.client()
        #expect(try client.send("HEAD", "/").status == 200)
        #expect(over.wait())
        #expect(try client.readToEnd() == [])
    }

    @Test func abortedBodyIsSeenToBeIncomplete() throws {
        struct Failure: Error {}
        let server = try server { exchange in
            let isFirst = Mutex(true)
            return ResponseStream {
                guard
                    isFirst.withLock({ first in
                        defer { first = false }
                        return first
                    })
                else { throw Failure() }
                return pattern(100)
            }
        }
        let client = try server.client()
        #expect(throws: HTTPClient.Failure.self) { _ = try client.send("GET", "/") }
        #expect(client.isClosed())
        #expect(throws: HTTPClient.Failure.self) { _ = try server.client().send("GET", "/") }
    }

    @Test func clientThatLeavesEndsTheStream() throws {
        let isOver = Atomic(false)
        let stream = ResponseStream(limit: 1000, whenOver: { isOver.store(true, ordering: .releasing) })
        let server = try server { _ in stream }
        do {
            let client = try server.client()
            try client.write(HTTPClient.request("GET", "/"))
            #expect(stream.write(pattern(1000)))
            #expect(try client.read(hasBody: false).status == 200)
        }
        // That it has gone is seen once there is something to send.
        let hasEnded = eventually {
            _ = stream.write(pattern(1000))
            return isOver.load(ordering: .acquiring)
        }
        #expect(hasEnded)
        #expect(stream.write([1]) == false)
    }

    @Test func readerThatStandsStillIsDroppedAndOneThatWaitsIsNot() throws {
        var limits = ServerLimits()
        limits.bodySeconds = 1
        let part = pattern(100_000)
        let (still, waiting) = (ResponseStream(limit: 1000) { part }, ResponseStream(isEndless: true))
        let server = try server(limits: limits) { $0.path == Array("/still".utf8) ? still : waiting }
        let (one, other) = (try server.client(), try server.client())
        try other.write(HTTPClient.request("GET", "/waiting"))
        #expect(waiting.write([1]))
        #expect(try other.read(hasBody: false).status == 200)
        #expect(try other.readChunk() == [1])
        try one.write(HTTPClient.request("GET", "/still"))
        #expect(eventually { still.hasSource })
        #expect(eventually { !still.hasSource }, "let go")
        #expect(waiting.write([2]))
        #expect(try other.readChunk() == [2])
        withExtendedLifetime(one) {}
    }

    @Test func abortDropsAReaderThatStandsStill() throws {
        let over = Signal()
        let stream = ResponseStream(limit: 1 << 26, whenOver: over.send)
        let server = try server { _ in stream }
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/"))
        #expect(stream.write(pattern(1 << 25)))
        #expect(try client.read(hasBody: false).status == 200)
        stream.abort()
        #expect(over.wait())
    }

    @Test func stoppingEndsWhatHasNoEndAndCutsOffWhatTakesTooLong() throws {
        var limits = ServerLimits()
        limits.drainSeconds = 1
        let (endless, stuck) = (ResponseStream(isEndless: true), ResponseStream())
        let server = try server(limits: limits) { $0.path == Array("/stuck".utf8) ? stuck : endless }
        let (one, other) = (try server.client(), try server.client())
        try one.write(HTTPClient.request("GET", "/endless"))
        try other.write(HTTPClient.request("GET", "/stuck"))
        #expect(endless.write([1]) && stuck.write([1]))
        for client in [one, other] {
            #expect(try client.read(hasBody: false).status == 200)
            #expect(try client.readChunk() == [1])
        }
        #expect(server.server.stop(), "nothing is left")
        #expect(try one.readChunk() == nil)
        #expect(throws: HTTPClient.Failure.self) { _ = try other.readChunk() }
        server.workers.stop()
    }
}
