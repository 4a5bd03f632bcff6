import Foundation
import TestSupport
import Testing

@testable import HTTPServer

@Suite(.overBothTransports) struct HTTPResponseTests {
    private let id = RequestID.next()

    @Test func replyIsSerializedWithItsLengthAndClose() {
        let response = HTTPResponse(
            status: 413, type: "text/plain", body: Array("too much".utf8), headers: [("Retry-After", "1")])
        #expect(
            String(decoding: response.serialized(as: id, at: 0), as: UTF8.self)
                == "HTTP/1.1 413 Content Too Large\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\nRetry-After: 1\r\n"
                + "Request-Id: \(id)\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much")
    }

    @Test func emptyReplyIsSerializedWithLengthZero() {
        #expect(
            String(decoding: HTTPResponse(status: 404).serialized(as: id, at: 0), as: UTF8.self)
                == "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                + "Request-Id: \(id)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    }

    @Test(arguments: [(200, "OK"), (201, "Created"), (422, "Unprocessable Content"), (507, "Insufficient Storage")])
    func statusHasItsReason(status: Int, reason: String) {
        #expect(HTTPResponse.reason(status) == reason)
    }

    @Test func fileIsSentWhole() throws {
        let folder = TemporaryFolder()
        let text = String(repeating: "a line of a file\n", count: 50_000)
        folder.write("file", text)
        let path = "\(folder.path)/file"
        let server = try RunningServer.make(
            .make(answer: { exchange in
                let descriptor = open(path, O_RDONLY | O_CLOEXEC)
                exchange.respond(HTTPResponse(status: 200, body: .file(descriptor: descriptor, size: text.utf8.count)))
            }))
        let client = try server.client()
        #expect(isSame(try client.send("GET", "/").body, Array(text.utf8)))
        #expect(try client.send("HEAD", "/").headers["content-length"] == "\(text.utf8.count)")
        #expect(isSame(try client.send("GET", "/").body, Array(text.utf8)))
    }

    @Test(arguments: [(0, 0), (0, 1), (1, 16_384), (16_383, 16_385), (1000, 3_000_000), (4_000_000, 10)])
    func partOfAFileIsSent(offset: Int, size: Int) throws {
        let folder = TemporaryFolder()
        let text = String(decoding: pattern(4_500_000).map { $0 & 63 | 64 }, as: UTF8.self)
        folder.write("file", text)
        let path = "\(folder.path)/file"
        let server = try RunningServer.make(
            .make(answer: { exchange in
                let descriptor = open(path, O_RDONLY | O_CLOEXEC)
                exchange.respond(
                    HTTPResponse(status: 206, body: .file(descriptor: descriptor, size: size, offset: offset)))
            }))
        let client = try server.client()
        let expected = Array(text.utf8.dropFirst(offset).prefix(size))
        for _ in 0..<2 { #expect(isSame(try client.send("GET", "/").body, expected)) }
    }

    /// The client sees that it did not get all.
    @Test func fileThatHasBecomeShorterEndsTheConnection() throws {
        let folder = TemporaryFolder()
        folder.write("file", String(repeating: "a", count: 100_000))
        let path = "\(folder.path)/file"
        let server = try RunningServer.make(
            .make(answer: { exchange in
                let descriptor = open(path, O_RDONLY | O_CLOEXEC)
                exchange.respond(HTTPResponse(status: 200, body: .file(descriptor: descriptor, size: 200_000)))
            }))
        #expect(throws: HTTPClient.Failure.self) { try server.client().send("GET", "/") }
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    @Test func sameReplyIsSentAnyNumberOfTimesUnderTheIDOfItsRequest() throws {
        let response = HTTPResponse.text(201, "the same")
        let server = try RunningServer.make(.make(answer: { $0.respond(response) }))
        var ids: Set<String> = []
        for _ in 0..<3 {
            let client = try server.client()
            for _ in 0..<3 {
                let reply = try client.send("POST", "/", body: [1])
                #expect(reply.text == "the same")
                ids.insert(reply.headers["request-id"] ?? "")
            }
        }
        #expect(ids.count == 9 && ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{1,8}-[0-9a-f]+/) != nil }, "\(ids)")
    }

    @Test func replyThatClosesSaysSoAndCloses() throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in
                var response = HTTPResponse.text(200, "good bye")
                response.closes = true
                exchange.respond(response)
            }))
        let client = try server.client()
        let reply = try client.send("GET", "/")
        #expect(reply.text == "good bye")
        #expect(reply.headers["connection"] == "close")
        #expect(client.isClosed())
    }
}
