import Foundation
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Bodies that are handed to a sink as they come.
@Suite(.overBothTransports) struct HTTPServerStreamTests {
    @Test(arguments: [1, 1000, 1 << 20, (1 << 20) + 1, 3_000_000])
    func streamedBodyArrivesWholeAndInOrder(size: Int) throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink))
        let client = try server.client()
        let body = pattern(size)
        let reply = try client.send("POST", "/upload", body: body)
        #expect(reply.status == 201)
        #expect(reply.text == "\(size)")
        #expect(isSame(sink.record.body, body))
        #expect(sink.record.finished == 1)
        #expect(try client.send("GET", "/next").text == "GET /next ")
        server.stop()
        #expect(sink.record.cancelled == 0)
    }

    @Test(arguments: [5_000_000, 8 << 20])
    func largeStreamedBodiesArriveWholeOneAfterTheOther(size: Int) throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink))
        let body = pattern(size)
        let client = try server.client()
        for count in 1...2 {
            #expect(try client.send("POST", "/upload", body: [1]).status == 201)
            #expect(try client.send("POST", "/upload", body: body).status == 201)
            #expect(sink.record.finished == 2 * count)
        }
        #expect(isSame(sink.record.body, [1] + body + [1] + body))
        #expect(eventually { server.server.requestsInFlight == 0 })
        server.stop()
        #expect(sink.record.cancelled == 0)
    }

    /// With waits, so that the server finds the socket empty, and with the end in a packet of its own.
    @Test func largeStreamedBodyMayComeSlowly() throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink))
        let client = try server.client()
        let body = pattern(5_000_000)
        try client.write(head("POST /upload HTTP/1.1", "Content-Length: \(body.count)"))
        var sent = 0
        for size in [1, 8000, 10_000, 100_000, 3_000_000, body.count - 3_118_002, 1] {
            Thread.sleep(forTimeInterval: 0.02)
            try client.write(Array(body[sent..<sent + size]))
            sent += size
        }
        #expect(try client.read().status == 201)
        #expect(isSame(sink.record.body, body))
    }

    @Test(arguments: [1013, 100_000])
    func chunkedStreamedBodyArrivesWhole(chunkSize: Int) throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink))
        let client = try server.client()
        let body = pattern(6_000_000)
        try client.write(head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + chunked(body, size: chunkSize))
        #expect(try client.read().status == 201)
        #expect(isSame(sink.record.body, body))
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    @Test func emptyStreamedBodyIsFinishedToo() throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink))
        #expect(try server.client().send("POST", "/u", headers: [("Content-Length", "0")]).text == "0")
        #expect(sink.record.parts == 0)
        #expect(sink.record.finished == 1)
    }

    @Test func slowSinkHoldsTheConnectionBack() throws {
        let started = Signal()
        let goOn = Signal()
        let sink = RecordingSink { number in
            guard number == 1 else { return }
            started.send()
            _ = goOn.wait()
        }
        let server = try RunningServer.make(.streaming(to: sink))
        let body = pattern(32 << 20)
        let sent = Atomic<Int>(0)
        let reply = Mutex<HTTPClient.Reply?>(nil)
        let uploading = try Upload(
            server, body, sent: { sent.store($0, ordering: .relaxed) },
            reply: { answer in
                reply.withLock { $0 = answer }
            })
        #expect(started.wait())

        // Other requests are the clock: each is a chance for the server to read more of the upload.
        let other = try server.client()
        let isHeldBack = try eventually {
            let before = sent.load(ordering: .relaxed)
            for _ in 0..<200 { _ = try other.send("GET", "/") }
            return sent.load(ordering: .relaxed) == before
        }
        #expect(isHeldBack)
        #expect(sent.load(ordering: .relaxed) < body.count, "what the system's buffers hold, and no more")

        goOn.send()
        uploading.join()
        #expect(reply.withLock { $0 }?.status == 201)
        #expect(isSame(sink.record.body, body))
        #expect(sink.record.mostPartsInFlight == 1, "one part at a time")
    }

    @Test(arguments: [3_500_000, 6_000_000])
    func sinkThatThrowsIsToldOfItAndGetsNoMore(size: Int) throws {
        let sink = RecordingSink { number in if number == 2 { throw RecordingSink.Refusal() } }
        let server = try RunningServer.make(.streaming(to: sink))
        let client = try server.client()
        let reply = try client.send("POST", "/u", body: pattern(size))
        #expect(reply.status == 422)
        #expect(reply.text == "refused by the sink")
        #expect(sink.record.parts == 2)
        #expect(sink.record.failure is RecordingSink.Refusal)
        #expect(try server.client().send("GET", "/next").status == 200)
        server.stop()
        #expect(sink.record.finished == 1)
        #expect(sink.record.cancelled == 0)
    }

    @Test(arguments: [0, 10, 3_000_000])
    func clientThatLeavesMidwayCancelsTheSinkOnce(sent: Int) throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink))
        do {
            let client = try server.client()
            try client.write(head("POST /u HTTP/1.1", "Content-Length: 5000000") + pattern(sent))
            #expect(eventually { server.server.requestsInFlight == 1 })
        }
        #expect(eventually { sink.record.cancelled == 1 })
        #expect(try server.client().send("GET", "/").status == 200)
        server.stop()
        #expect(sink.record.cancelled == 1)
        #expect(sink.record.finished == 0)
    }

    @Test func clientThatLeavesWhileTheSinkWorksCancelsItAfterwards() throws {
        let started = Signal()
        let goOn = Signal()
        let sink = RecordingSink { number in
            guard number == 1 else { return }
            started.send()
            _ = goOn.wait()
        }
        let server = try RunningServer.make(.streaming(to: sink))
        do {
            let client = try server.client()
            try client.write(head("POST /u HTTP/1.1", "Content-Length: 5000000") + pattern(2_500_000))
            #expect(started.wait())
        }
        #expect(sink.record.cancelled == 0, "one call after the other")
        goOn.send()
        #expect(eventually { sink.record.cancelled == 1 })
        server.stop()
        #expect(sink.record.cancelled == 1)
        #expect(sink.record.finished == 0)
    }

    @Test func streamedBodyOverTheLimitIsRefusedBeforeItIsSent() throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink, limit: 1000))
        let client = try server.client()
        try client.write(head("POST /u HTTP/1.1", "Content-Length: 1001", "Expect: 100-continue"))
        #expect(try client.read(takesInformational: true).status == 413)
        #expect(client.isClosed())
        server.stop()
        #expect(sink.record.finished == 0)
        #expect(sink.record.cancelled == 1)
    }

    @Test func streamedChunkedBodyOverTheLimitCancelsTheSink() throws {
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink, limit: 100_000))
        let client = try server.client()
        try client.write(
            head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + chunked(pattern(300_000), size: 7000))
        #expect(try client.read().status == 413)
        #expect(client.isClosed())
        server.stop()
        #expect(sink.record.finished == 0)
        #expect(sink.record.cancelled == 1)
    }

    @Test func manyUploadsAtOnceAreKeptApart() throws {
        let sinks = (0..<8).map { _ in RecordingSink() }
        let server = try RunningServer.make(
            .make(plan: { exchange in
                let number = Int(String(decoding: exchange.path.dropFirst(), as: UTF8.self)) ?? 0
                return .stream(sinks[number], limit: 1 << 30)
            }), workers: 3)
        let bodies = (0..<8).map { number in pattern(1_500_000 + number).map { $0 ^ UInt8(number) } }
        let uploads = try (0..<8).map { try Upload(server, bodies[$0], path: "/\($0)") }
        for upload in uploads { upload.join() }
        for (sink, body) in zip(sinks, bodies) { #expect(isSame(sink.record.body, body)) }
    }
}
