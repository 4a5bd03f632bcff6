import Foundation
import HTTPServer
import TestSupport
import Testing

/// Replies to what libmicrohttpd refuses by itself: each comes once and whole, and ends the connection.
@Suite(.overBothTransports) struct LibraryReplyTests {
    private static let long = String(repeating: "a", count: 40_000)

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7, 7\r\n\r\nabcdefg", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +7\r\n\r\nabcdefg", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -7\r\n\r\nabcdefg", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nabcdefg", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x7\r\n\r\nabcdefg", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7 7\r\n\r\nabcdefg", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: seven\r\n\r\nabcdefg", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7.0\r\n\r\n", 400),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 7,\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabcdefg", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nabcdefg", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabcdefg", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400), ("GET /\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nCookie: \(long)\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\nCookie: \(long.prefix(6200))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a:b\r\n", count: 97))\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a:b\r\n", count: 3000))\r\n", 431),
        ("GET /?\(String(repeating: "a&", count: 100)) HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        ("GET /?\(String(repeating: "a&", count: 2000)) HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        ("GET /?\(String(repeating: "a&", count: 5000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /?\(String(repeating: "a&", count: 7500)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /?\(String(repeating: "a&", count: 7500)) HTTP/1.0\r\n\r\n", 414),
        ("GET /\0?\(String(repeating: "a&", count: 1900)) HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", 414), ("GET /\(long.prefix(16_200)) HTTP/1.0\r\n\r\n", 414),
        ("GET /\(long.prefix(32_600)) HTTP/1.0\r\n\r\n", 414),
        ("\(long) / HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n \(long.prefix(5000))\r\n \(long.prefix(9000))\r\n\r\n", 400),
    ])
    func replyComesOnceAndWhole(request: String, status: Int) throws {
        let server = try RunningServer.make()
        // All at once, with a request behind it; and the head's last bytes alone.
        for behind in ["GET /next HTTP/1.1\r\nHost: a\r\n\r\n", ""] {
            let client = try server.client()
            try? client.write(Array((request + behind).utf8))
            let reply = String(decoding: try client.readToEnd(), as: UTF8.self)
            #expect(reply.hasPrefix("HTTP/1.1 \(status) "), "\(reply)")
            let parts = reply.components(separatedBy: "\r\n\r\n")
            #expect(parts.count == 2, "one head and one body: \(reply)")
            let length = parts[0].components(separatedBy: "\r\n").compactMap { line in
                line.hasPrefix("Content-Length: ") ? Int(line.dropFirst(16)) : nil
            }
            let isHead = request.hasPrefix("HEAD")
            #expect(isHead ? parts.last == "" : length == [parts.last?.utf8.count ?? -1], "\(reply)")
            #expect(parts[0].contains("Connection: close"))
            let ids = parts[0].matches(of: /(?m)^(?:Request-Id|X-Fault-Of): (\S+)/).map(\.1)
            #expect(ids.count == 2 && ids[0] == ids[1], "\(reply)")
            #expect(eventually { server.server.requestsInFlight == 0 })
        }
        #expect(try server.client().send("GET", "/").status == 200)
    }

    @Test func cookiesAreOfNoConcern() throws {
        let server = try RunningServer.make()
        let cookie = ("Cookie", String(repeating: "a;", count: 2500))
        #expect(try server.client().send("GET", "/", headers: [cookie]).status == 200)
    }

    @Test(arguments: [3000, 7000, 9000, 100_000])
    func replyWhoseHeadDoesNotFitLeavesOutWhatIsLong(size: Int) throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in
                exchange.respond(
                    HTTPResponse(
                        status: 201, type: "text/plain", body: Array("stored".utf8),
                        headers: [("Location", String(repeating: "l", count: size)), ("ETag", "\"x\"")]))
            }))
        let client = try server.client()
        let path = "/" + String(repeating: "a", count: 3800)
        for _ in 0..<3 {
            let reply = try client.send("GET", path, headers: [("X-Long", String(repeating: "b", count: 2000))])
            #expect(reply.status == 201)
            #expect(reply.text == "stored")
            #expect(reply.headers["etag"] == "\"x\"")
            #expect((reply.headers["location"] == nil) == (size > 8192))
        }
    }
}
