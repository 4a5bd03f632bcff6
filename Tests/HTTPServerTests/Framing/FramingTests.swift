import Foundation
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Every kind of request that is framed badly, or well in an unusual way, over a real socket: whole and byte by byte,
/// alone and behind a good request. Each gets exactly its replies, and what is behind a refused one is never taken for
/// a request.
@Suite struct FramingTests {
    /// One server for all cases, which notes a request that should never have been one.
    private final class Fixture: Sendable {
        let server: RunningServer
        let hidden = Atomic(0)

        init() throws {
            let found = Mutex<Fixture?>(nil)
            server = try RunningServer.make(
                .make(plan: { exchange in
                    if exchange.path == Array("/hidden".utf8) {
                        found.withLock { _ = $0?.hidden.add(1, ordering: .relaxed) }
                    }
                    // A reply of 2xx to it has no body (RFC 9110 section 9.3.6).
                    if exchange.method == .other("CONNECT") {
                        return .refuse(.text(501, "CONNECT \(String(decoding: exchange.path, as: UTF8.self))"))
                    }
                    return exchange.path == Array("/nowhere".utf8) ? .refuse(.text(404, "nowhere")) : nil
                }))
            found.withLock { $0 = self }
        }
    }

    private static let fixture = Result { try Fixture() }

    @Test func tableIsLong() {
        #expect(FramingCase.all.count >= 400)
        #expect(Set(FramingCase.all.map(\.name)).count == FramingCase.all.count, "each has a name of its own")
    }

    @Test(arguments: FramingCase.all)
    func requestGetsExactlyItsReplies(of framing: FramingCase) throws {
        let fixture = try Self.fixture.get()
        for isBehindAnother in [false, true] {
            for isByteByByte in [false, true] {
                let client = try fixture.server.client()
                let before = isBehindAnother ? HTTPClient.request("GET", "/before") : []
                let bytes = before + framing.bytes
                // A server that has refused a request may close before all of it is sent.
                if isByteByByte { try? client.writeByteByByte(bytes) } else { try? client.write(bytes) }
                let way = "\(isBehindAnother ? "behind another" : "alone"), \(isByteByByte ? "by bytes" : "whole")"
                if isBehindAnother { #expect(try client.read().text == "GET /before ", "\(way)") }
                try check(framing, client, way)
            }
        }
        #expect(fixture.hidden.load(ordering: .relaxed) == 0)
    }

    private func check(_ framing: FramingCase, _ client: HTTPClient, _ way: String) throws {
        var continues = 0
        for (index, status) in framing.statuses.enumerated() {
            var reply = try client.read(takesInformational: true)
            while reply.status == 100 {
                continues += 1
                reply = try client.read(takesInformational: true)
            }
            #expect(reply.status == status, "\(way): \(reply.text)")
            if index == framing.statuses.count - 1 {
                if let echo = framing.echo { #expect(reply.text == echo, "\(way)") }
                #expect((reply.headers["connection"]?.lowercased() == "close") == framing.closes, "\(way)")
            }
        }
        #expect(continues == framing.continues, "\(way)")
        if framing.closes {
            #expect(try client.readToEnd().isEmpty, "\(way): no further reply")
        } else {
            #expect(try client.send("GET", "/after").text == "GET /after ", "\(way)")
        }
    }

    @Test func hostOfAWholeTargetCounts() throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in
                let host = exchange.originFields.host
                exchange.respond(
                    .text(200, "\(host.count) " + (host.value.map { String(decoding: $0, as: UTF8.self) } ?? "")))
            }))
        for (target, host) in [("http://other:7/p", "other:7"), ("/p", "a"), ("HTTPS://Other", "Other")] {
            let client = try server.client()
            for lines in ["Host: a\r\nX: y", "X: y\r\nhost:a ", "HOST: \t a\t"] {
                try client.write(Array("GET \(target) HTTP/1.1\r\n\(lines)\r\n\r\n".utf8))
                #expect(try client.read().text == "1 \(host)")
            }
        }
        let old = try server.client()
        try old.write(Array("GET http://other/p HTTP/1.0\r\n\r\n".utf8))
        #expect(try old.read().text == "1 other")
    }

    @Test func valuesComeWithoutBlanksAroundThem() throws {
        let server = try RunningServer.make(.make(answer: { $0.respond(.text(200, "[\($0.header("X") ?? "none")]")) }))
        for value in ["y", " y", "y ", "\t y z \t", "y\t"] {
            let client = try server.client()
            try client.write(Array("GET / HTTP/1.1\r\nX:\(value)\r\nHost: a\r\n\r\n".utf8))
            #expect(try client.read().text == "[\(value.trimmingCharacters(in: .whitespaces))]")
        }
    }

    /// Fails when a connection is closed with bytes unread: that resets it, and takes the reply along.
    @Test func refusalIsReadByAClientThatGoesOnSending() throws {
        let server = try RunningServer.make()
        for _ in 0..<20 {
            let client = try server.client()
            try client.write(Array("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".utf8))
            for _ in 0..<10 { try? client.write([UInt8](repeating: 7, count: 50_000)) }
            #expect(try client.read().status == 400)
            #expect(client.isClosed())
        }
    }
}
