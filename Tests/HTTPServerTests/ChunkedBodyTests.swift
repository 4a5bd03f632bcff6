import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Bodies in chunks of any size, and lines between them that are never right.
@Suite(.overBothTransports) struct ChunkedBodyTests {
    /// One read has many chunks, which libmicrohttpd hands over also where the connection is to wait.
    @Test(arguments: [(150_000, 1), (1_000_000, 17), (4_000_000, 500), (4_000_000, 4096), (4_000_000, 65_536)])
    func sinkThatIsSlowGetsAllOfTheBody(size: Int, chunk: Int) throws {
        let sink = RecordingSink { number in
            // Now and then, so that the body has to wait for room.
            if number % 2 == 1 { _ = eventually(within: 0.01) { false } }
        }
        let server = try RunningServer.make(.streaming(to: sink))
        let body = pattern(size)
        let client = try server.client()
        try client.write(head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + chunked(body, size: chunk))
        #expect(try client.read().text == "\(size)")
        #expect(isSame(sink.record.body, body))
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    /// Up to 64 KiB, since the memory for a connection is less.
    @Test(arguments: [
        "7;" + String(repeating: "a", count: 65_536),
        String(repeating: "0", count: 65_536),
        "7 " + String(repeating: " ", count: 65_536),
        "0000000000000000000000000007;" + String(repeating: "x=\"\(String(repeating: "y", count: 60))\";", count: 1000),
    ])
    func chunkSizeThatNeverEndsGets400AndCloses(line: String) throws {
        for behind in [0, 3] {
            let sink = RecordingSink()
            let server = try RunningServer.make(.streaming(to: sink))
            let client = try server.client()
            let before = chunked(pattern(behind * 1000), size: 1000).dropLast(5)
            try? client.write(head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + before + Array(line.utf8))
            let reply = try client.read()
            #expect(reply.status == 400)
            #expect(reply.headers["connection"] == "close")
            #expect(client.isClosed())
            #expect(eventually { server.server.requestsInFlight == 0 })
            #expect(eventually { sink.record.cancelled == 1 })
            #expect(try server.client().send("GET", "/").status == 200)
        }
    }

    @Test func chunkSizeThatNeverEndsIsGivenUpAlsoWhereTheClientHasLeft() throws {
        let server = try RunningServer.make(.streaming(to: RecordingSink()))
        do {
            let client = try server.client()
            try? client.write(
                head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + [UInt8](repeating: 48, count: 40_000))
        }
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    @Test(arguments: [
        "X-Long: " + String(repeating: "a", count: 65_536), String(repeating: "X-Short: a\r\n", count: 3000),
        String(repeating: "a", count: 65_536),
    ])
    func trailersThatNeverFitAreRefused(trailers: String) throws {
        let server = try RunningServer.make(.streaming(to: RecordingSink()))
        let client = try server.client()
        try? client.write(
            head("POST /u HTTP/1.1", "Transfer-Encoding: chunked") + Array("3\r\nabc\r\n0\r\n\(trailers)\r\n\r\n".utf8))
        let reply = try client.read()
        #expect(reply.status == 431 || reply.status == 400)
        #expect(client.isClosed())
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    @Test(arguments: [1, 500, 8192, 5 << 20])
    func requestPipelinedBehindABodyIsARequest(size: Int) throws {
        for isChunked in [false, true] {
            let sink = RecordingSink()
            let server = try RunningServer.make(.streaming(to: sink))
            let client = try server.client()
            let body = pattern(size)
            let upload =
                isChunked
                ? head("PUT /u HTTP/1.1", "Transfer-Encoding: chunked") + chunked(body, size: 3000)
                : HTTPClient.request("PUT", "/u", body: body)
            try client.write(upload + HTTPClient.request("GET", "/next") + HTTPClient.request("PUT", "/u", body: [7]))
            #expect(try client.read().text == "\(size)")
            #expect(try client.read().text == "GET /next ")
            #expect(try client.read().text == "\(size + 1)")
            #expect(isSame(sink.record.body, body + [7]))
        }
    }
}
