import HTTPServer
import TestSupport
import Testing

/// Bodies that are gathered: their framing, their limits, their refusal.
@Suite(.overBothTransports) struct HTTPServerBodyTests {
    @Test(arguments: [1, 7, 100, 4096, 65_536, 200_000])
    func chunkedBodyArrivesWholeWhateverItsChunks(size: Int) throws {
        let server = try RunningServer.make()
        let client = try server.client()
        let body = pattern(size < 100 ? 3000 : 200_000)
        try client.write(head("POST /c HTTP/1.1", "Transfer-Encoding: chunked") + chunked(body, size: size))
        #expect(isSame(try client.read().body, Array("POST /c ".utf8) + body))
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    @Test func trailersOfAChunkedBodyAreNoPartOfIt() throws {
        let server = try RunningServer.make()
        let client = try server.client()
        let body = chunked(Array("content".utf8), size: 3, trailers: "X-Sum: 7\r\nX-Other: a b\r\n")
        try client.write(head("POST /c HTTP/1.1", "Transfer-Encoding: chunked") + body)
        #expect(try client.read().text == "POST /c content")
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    @Test func chunkExtensionsAreIgnored() throws {
        let server = try RunningServer.make()
        let client = try server.client()
        try client.write(
            head("POST /c HTTP/1.1", "Transfer-Encoding: chunked") + Array("4;a=b\r\nbody\r\n0;c\r\n\r\n".utf8))
        #expect(try client.read().text == "POST /c body")
    }

    @Test(arguments: ["Content-Length: 12", "Transfer-Encoding: chunked"])
    func requestMayComeAByteAtATime(framing: String) throws {
        let server = try RunningServer.make()
        let client = try server.client()
        let body = Array("twelve bytes".utf8)
        let isChunked = framing.hasPrefix("Transfer")
        for byte in head("POST /slow HTTP/1.1", framing) + (isChunked ? chunked(body, size: 5) : body) {
            try client.write([byte])
        }
        #expect(try client.read().text == "POST /slow twelve bytes")
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    @Test func clientThatExpects100GetsItAndThenTheReply() throws {
        let server = try RunningServer.make()
        let client = try server.client()
        try client.write(head("POST /e HTTP/1.1", "Content-Length: 4", "Expect: 100-continue"))
        #expect(try client.read(takesInformational: true).status == 100)
        try client.write(Array("body".utf8))
        #expect(try client.read(takesInformational: true).text == "POST /e body")
    }

    @Test func announcedBodyOverTheLimitIsRefusedBeforeItIsSent() throws {
        let server = try RunningServer.make(.make(limit: 1000))
        let client = try server.client()
        try client.write(head("POST /e HTTP/1.1", "Content-Length: 1001", "Expect: 100-continue"))
        let reply = try client.read(takesInformational: true)
        #expect(reply.status == 413, "and no 100 before")
        #expect(reply.headers["connection"] == "close")
        #expect(client.isClosed())
    }

    @Test func bodyOfExactlyTheLimitIsTaken() throws {
        let server = try RunningServer.make(.make(limit: 1000))
        let client = try server.client()
        let body = pattern(1000)
        #expect(try client.send("POST", "/e", body: body).status == 200)
        try client.write(head("POST /c HTTP/1.1", "Transfer-Encoding: chunked") + chunked(body, size: 999))
        #expect(try client.read().status == 200)
    }

    @Test(arguments: [1001, 2000, 500_000])
    func chunkedBodyOverTheLimitGets413AndCloses(size: Int) throws {
        let server = try RunningServer.make(.make(limit: 1000))
        let client = try server.client()
        try client.write(
            head("POST /c HTTP/1.1", "Transfer-Encoding: chunked") + chunked(pattern(size), size: 300))
        let reply = try client.read()
        #expect(reply.status == 413)
        #expect(reply.text == "bodyTooLarge(limit: 1000)")
        #expect(reply.headers["connection"] == "close")
        #expect(client.isClosed())
        #expect(try server.client().send("GET", "/").status == 200)
    }

    @Test func chunkedBodyWithoutEndIsCutOff() throws {
        let server = try RunningServer.make(.make(limit: 1000))
        let client = try server.client()
        try client.write(head("POST /c HTTP/1.1", "Transfer-Encoding: chunked"))
        let chunk = chunked(pattern(100_000), size: 100_000).dropLast(5)
        #expect(throws: HTTPClient.Failure.self) {
            for _ in 0..<1000 { try client.write(Array(chunk)) }
        }
        #expect(try server.client().send("GET", "/").status == 200)
    }

    @Test func refusalOfAShortBodyKeepsTheConnection() throws {
        let server = try RunningServer.make(.refusing)
        let client = try server.client()
        for _ in 0..<3 {
            let reply = try client.send("POST", "/r", body: pattern(10_000))
            #expect(reply.status == 404)
            #expect(reply.headers["connection"] != "close")
        }
        try client.write(head("POST /r HTTP/1.1", "Transfer-Encoding: chunked") + chunked(pattern(9000), size: 100))
        #expect(try client.read().status == 404)
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    @Test func refusalOfALongBodyCloses() throws {
        let server = try RunningServer.make(.refusing)
        let client = try server.client()
        try client.write(head("POST /r HTTP/1.1", "Content-Length: 2000000"))
        let reply = try client.read()
        #expect(reply.status == 404)
        #expect(reply.headers["connection"] == "close")
        #expect(client.isClosed())
    }

    /// Fails when what the socket does not take at once of a refusal is lost.
    @Test func refusalOfAChunkedBodyArrivesWholeHoweverLongItIs() throws {
        // In the form of chunks, so that it can be read piece by piece.
        let long = chunked(pattern(16_000_000), size: 50_000)
        let server = try RunningServer.make(
            .make(plan: { _ in .refuse(HTTPResponse(status: 404, type: "text/plain", body: long)) }))
        let client = try server.client()
        let body = chunked(pattern(1_200_000), size: 100_000).dropLast(5)
        try client.write(head("POST /r HTTP/1.1", "Transfer-Encoding: chunked") + body)
        #expect(try client.read(hasBody: false).status == 404)
        var received: [UInt8] = []
        while let part = try client.readChunk() {
            received += part
            // The client goes on, and so does the refusal.
            try? client.write(Array("1\r\nx\r\n".utf8))
        }
        #expect(isSame(received, pattern(16_000_000)))
        #expect(client.isClosed())
    }

    @Test func refusalOfALongChunkedBodyCuts() throws {
        let server = try RunningServer.make(.refusing)
        let client = try server.client()
        try client.write(head("POST /r HTTP/1.1", "Transfer-Encoding: chunked"))
        let chunk = chunked(pattern(100_000), size: 100_000).dropLast(5)
        #expect(throws: HTTPClient.Failure.self) {
            for _ in 0..<1000 { try client.write(Array(chunk)) }
        }
    }
}

extension FixtureHandler {
    /// Refuses every request but GET.
    fileprivate static let refusing = FixtureHandler.make(
        plan: { $0.method == .get ? nil : .refuse(.text(404, "no such path")) })
}
