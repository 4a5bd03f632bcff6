import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// Handlers that are made of handlers: checks before one, and several by the prefix of a path.
@Suite struct ComposedHandlerTests {
    /// Refuses requests with the header `X-Bad`.
    private struct BadHeader: RequestCheck, Error {
        func check(_ exchange: HTTPExchange) throws { if exchange.header("X-Bad") != nil { throw self } }
    }

    /// Counts requests.
    private final class Count: RequestCheck {
        let requests = Atomic<Int>(0)
        func check(_ exchange: HTTPExchange) { requests.wrappingAdd(1, ordering: .relaxed) }
    }

    private static func named(_ name: String, over: @escaping @Sendable (HTTPExchange) -> Void = { _ in })
        -> FixtureHandler
    {
        var handler = FixtureHandler.make(
            limit: 8,
            answer: { exchange in
                exchange.respond(.text(200, "\(name): \(String(decoding: exchange.body, as: UTF8.self))"))
            })
        (handler.name, handler.over) = ("\(name): ", over)
        return handler
    }

    private static func server(_ checks: [any RequestCheck] = [BadHeader()]) throws -> RunningServer {
        let prefixed = PrefixedHandlers(
            [("/api", named("api")), ("/api/2.0", named("never"))], otherwise: named("rest"))
        return try .make(serving: CheckedHandler(checks, before: prefixed))
    }

    @Test(arguments: [
        ("/api", "api"), ("/api/", "api"), ("/api/2.0/mlflow/runs/create", "api"), ("/apis", "rest"), ("/ap", "rest"),
        ("/", "rest"),
        ("/x/api", "rest"), ("/%61pi", "rest"),
    ])
    func pathBeginsWithThePrefixOfItsHandler(path: String, name: String) throws {
        let server = try Self.server()
        let client = try server.client()
        #expect(try client.send("GET", path).text == "\(name): ")
        // The body comes after the head, and its answer from the same handler.
        try client.write(head("POST \(path) HTTP/1.1", "Content-Length: 4", "Expect: 100-continue"))
        #expect(try client.read(takesInformational: true).status == 100)
        try client.write(Array("body".utf8))
        #expect(try client.read(takesInformational: true).text == "\(name): body")
    }

    @Test func bodyIsStreamedToTheSinkOfAPrefix() throws {
        let sink = RecordingSink()
        let handler = PrefixedHandlers([("/sink", FixtureHandler.streaming(to: sink))], otherwise: Self.named("rest"))
        let server = try RunningServer.make(serving: CheckedHandler([BadHeader()], before: handler))
        let body = pattern(300_000)
        #expect(try server.client().send("POST", "/sink/a", body: body).status == 201)
        #expect(isSame(sink.record.body, body))
    }

    @Test func whatFailsACheckReachesNoHandler() throws {
        let server = try Self.server()
        let client = try server.client()
        let reply = try client.send("POST", "/api", headers: [("X-Bad", "1")], text: "body")
        #expect(reply.status == 403)
        #expect(reply.text.contains("BadHeader"))
        #expect(try client.send("POST", "/api", text: "body").text == "api: body", "the connection goes on")
    }

    /// Errors are told as the handler of the path tells them, whoever found them.
    @Test func errorsAreToldByTheHandlerOfThePath() throws {
        let server = try Self.server()
        for (path, name) in [("/api/x", "api"), ("/x", "rest")] {
            let refused = try server.client().send("GET", path, headers: [("X-Bad", "1")])
            #expect(refused.text.hasPrefix("\(name): "))
            let tooLarge = try server.client().send("POST", path, text: "nine bytes")
            #expect(tooLarge.status == 413)
            #expect(tooLarge.text.hasPrefix("\(name): "))
        }
    }

    @Test func checksAreMadeInOrderUpToTheFirstThatFails() throws {
        let (before, behind) = (Count(), Count())
        let server = try Self.server([before, BadHeader(), behind])
        let client = try server.client()
        #expect(try client.send("GET", "/").status == 200)
        #expect(try client.send("GET", "/", headers: [("X-Bad", "1")]).status == 403)
        #expect(before.requests.load(ordering: .relaxed) == 2)
        #expect(behind.requests.load(ordering: .relaxed) == 1)
    }

    /// Gives every reply a field.
    private struct Marking: RequestCheck {
        func check(_ exchange: HTTPExchange) {
            exchange.replyHeaders = [("X-Mark", "\(exchange.clientAddress) \(exchange.isEncrypted)")]
        }
    }

    /// Also of replies that the server itself makes, before and in the middle of a body.
    @Test func fieldsOfACheckAreInEveryReply() throws {
        let server = try Self.server([Marking(), BadHeader()])
        for (headers, text, status) in [
            ([], "", 200), ([("X-Bad", "1")], "", 403), ([], "nine bytes", 413),
        ] as [([(String, String)], String, Int)] {
            let reply = try server.client().send(
                "POST", "/api", headers: headers + (text.isEmpty ? [("Content-Length", "0")] : []), text: text)
            #expect(reply.status == status)
            #expect(reply.headers["x-mark"] == "127.0.0.1 false", "\(status)")
        }
        let client = try server.client()
        let body = "10\r\n0123456789abcdef\r\n"
        try client.write(head("POST /api HTTP/1.1", "Transfer-Encoding: chunked") + Array(body.utf8))
        let reply = try client.read()
        #expect(reply.status == 413 && reply.headers["x-mark"] == "127.0.0.1 false")
    }

    @Test func endOfARequestIsToldToItsHandler() throws {
        let ended = Ended()
        let handlers = PrefixedHandlers(
            [("/api", Self.named("api", over: { ended.note("api", $0) }))],
            otherwise: Self.named("rest", over: { ended.note("rest", $0) }))
        let server = try RunningServer.make(serving: CheckedHandler([BadHeader()], before: handlers))
        let client = try server.client()
        _ = try client.send("GET", "/api/x")
        _ = try client.send("GET", "/x", headers: [("X-Bad", "1")])
        server.stop()
        #expect(ended.requests.withLock { $0 } == ["api 200", "rest 403"])
    }

    private final class Ended: Sendable {
        let requests = Mutex<[String]>([])
        func note(_ name: String, _ exchange: HTTPExchange) {
            requests.withLock { $0.append("\(name) \(exchange.status)") }
        }
    }
}
