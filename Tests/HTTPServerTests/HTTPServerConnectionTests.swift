import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Requests and replies on one connection and on many.
@Suite(.overBothTransports) struct HTTPServerConnectionTests {
    @Test func oneConnectionServesRequestAfterRequest() throws {
        let server = try RunningServer.make()
        let client = try server.client()
        for number in 1...5 {
            let reply = try client.send("POST", "/echo/\(number)", text: "body \(number)")
            #expect(reply.status == 200)
            #expect(reply.text == "POST /echo/\(number) body \(number)")
        }
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() throws {
        let server = try RunningServer.make()
        let client = try server.client()
        let requests = (1...20).flatMap { number in
            number % 2 == 0
                ? HTTPClient.request("GET", "/\(number)")
                : HTTPClient.request("POST", "/\(number)", body: Array("x\(number)".utf8))
        }
        try client.write(requests)
        for number in 1...20 {
            let reply = try client.read()
            #expect(reply.text == (number % 2 == 0 ? "GET /\(number) " : "POST /\(number) x\(number)"))
        }
    }

    @Test func pipelinedRequestsWaitForOneAnotherWhereRepliesComeLate() throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in exchange.onWorker(.quick) { exchange.respond(.echo(exchange)) } }))
        let client = try server.client()
        try client.write((1...20).flatMap { HTTPClient.request("GET", "/\($0)") })
        for number in 1...20 { #expect(try client.read().text == "GET /\(number) ") }
    }

    @Test func headHasTheHeadersOfGetAndNoBody() throws {
        let server = try RunningServer.make(.make(answer: { $0.respond(.text(200, "twelve bytes")) }))
        let client = try server.client()
        let get = try client.send("GET", "/")
        let head = try client.send("HEAD", "/")
        #expect(get.text == "twelve bytes")
        #expect(head.status == 200)
        #expect(head.headers["content-length"] == "12")
        #expect(head.headers["content-type"] == get.headers["content-type"])
        #expect(try client.send("GET", "/").text == "twelve bytes")
    }

    @Test func replyMayComeLaterFromAnotherThread() throws {
        let held = Mutex<HTTPExchange?>(nil)
        let arrived = Signal()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                guard String(decoding: exchange.path, as: UTF8.self) == "/held" else {
                    return exchange.respond(.echo(exchange))
                }
                held.withLock { $0 = exchange }
                arrived.send()
            }))
        let waiting = try server.client()
        try waiting.write(HTTPClient.request("POST", "/held", body: Array("later".utf8)))
        #expect(arrived.wait())
        #expect(server.server.requestsInFlight == 1)
        #expect(try server.client().send("GET", "/other").status == 200, "the others are served meanwhile")

        let exchange = try #require(held.withLock { $0 })
        held.withLock { $0 = nil }
        server.workers.quick.run { exchange.respond(.echo(exchange)) }
        #expect(try waiting.read().text == "POST /held later")
        #expect(try waiting.send("GET", "/next").text == "GET /next ")
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    @Test func clientThatLeavesBeforeItsReplyHarmsNobody() throws {
        let held = Mutex<HTTPExchange?>(nil)
        let arrived = Signal()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                if exchange.method == .get { return exchange.respond(.echo(exchange)) }
                held.withLock { $0 = exchange }
                arrived.send()
            }))
        do {
            let leaving = try server.client()
            try leaving.write(HTTPClient.request("POST", "/held", body: [1]))
            #expect(arrived.wait())
        }
        held.withLock { exchange in
            exchange?.respond(.text(200, "too late"))
            exchange = nil
        }
        #expect(try server.client().send("GET", "/").status == 200)
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    @Test func theFirstOfTwoAnswersCounts() throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in
                exchange.respond(.text(200, "first"))
                exchange.respond(.text(500, "second"))
            }))
        let client = try server.client()
        #expect(try client.send("GET", "/").text == "first")
        #expect(try client.send("GET", "/").text == "first")
    }

    @Test func twoHundredConnectionsAreServedAtOnce() throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in
                exchange.method == .get
                    ? exchange.respond(.echo(exchange))
                    : exchange.onWorker(.quick) { exchange.respond(.echo(exchange)) }
            }))
        let clients = try (0..<200).map { _ in try server.client() }
        for round in 1...4 {
            for (index, client) in clients.enumerated() {
                let isPost = (index + round) % 2 == 0
                try client.write(
                    HTTPClient.request(isPost ? "POST" : "GET", "/\(index)/\(round)", body: isPost ? [65] : []))
            }
            for (index, client) in clients.enumerated() {
                let isPost = (index + round) % 2 == 0
                #expect(try client.read().text == "\(isPost ? "POST" : "GET") /\(index)/\(round) \(isPost ? "A" : "")")
            }
        }
    }

    @Test func queryIsDecodedInOrderAndRefusedWhenBroken() throws {
        let server = try RunningServer.make(
            .make(answer: { exchange in
                let fields = exchange.query.map { $0.map { "\($0.name)=\($0.value)" }.joined(separator: ";") }
                exchange.respond(.text(200, fields ?? "broken"))
            }))
        let client = try server.client()
        #expect(try client.send("GET", "/?b=2&a=%C3%A4+x&b=%26").text == "b=2;a=ä x;b=&")
        #expect(try client.send("GET", "/?a=%zz").text == "broken")
        #expect(try client.send("GET", "/?a=%ff").text == "broken")
        #expect(try client.send("GET", "/").text == "")
    }
}
