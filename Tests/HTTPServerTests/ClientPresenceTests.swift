import Foundation
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Whether work for a client that has gone learns of it.
@Suite(.overBothTransports) struct ClientPresenceTests {
    @Test func clientThatResetsTheConnectionIsGoneAtOnce() throws {
        let held = HeldExchange()
        let server = try RunningServer.make(held.handler)
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/held"))
        let exchange = try #require(held.wait())
        #expect(!exchange.isAbandoned)
        client.reset()
        #expect(eventually { exchange.isAbandoned })
        #expect(throws: HTTPExchange.Abandoned.self) { try exchange.checkPresence() }
        exchange.respond(.text(200, "too late"))
        #expect(eventually { server.server.requestsInFlight == 0 })
    }

    @Test func clientThatSendsNoMoreIsWaitedForAsLongAsTheLimitSays() throws {
        for seconds in [0, 3600] {
            var limits = ServerLimits()
            limits.halfClosedSeconds = seconds
            let held = HeldExchange()
            let server = try RunningServer.make(held.handler, limits: limits)
            let client = try server.client()
            try client.write(HTTPClient.request("GET", "/held"))
            let exchange = try #require(held.wait())
            #expect(!exchange.isAbandoned)
            client.endSending()
            if seconds == 0 {
                #expect(eventually { exchange.isAbandoned })
            } else {
                #expect(!exchange.isAbandoned)
            }
            exchange.respond(.text(200, "here"))
        }
    }

    @Test func exchangeThatIsOverIsAbandonedThoughItsConnectionGoesOn() throws {
        let held = HeldExchange()
        let server = try RunningServer.make(held.handler)
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/held"))
        let exchange = try #require(held.wait())
        exchange.respond(.text(200, "done"))
        #expect(try client.read().status == 200)
        #expect(eventually { exchange.isAbandoned })
        #expect(try client.send("GET", "/next").text == "GET /next ")
    }

    @Test func quickJobsRunWhileAllLongThreadsAreHeld() throws {
        let begun = Signal()
        let goOn = Signal()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                let isLong = exchange.path == Array("/long".utf8)
                exchange.handOver(to: isLong ? .long : .quick) {
                    if isLong {
                        begun.send()
                        _ = goOn.wait()
                    }
                    exchange.respond(.echo(exchange))
                }
            }), workers: 2)
        let held = try (0..<4).map { _ in try server.client() }
        for client in held { try client.write(HTTPClient.request("GET", "/long")) }
        for _ in 0..<2 { #expect(begun.wait()) }
        for _ in 0..<3 { #expect(try server.client().send("GET", "/quick").text == "GET /quick ") }
        for _ in held { goOn.send() }
        for client in held { #expect(try client.read().text == "GET /long ") }
    }
}

/// Keeps the exchange of `/held`; answers all others.
final class HeldExchange: Sendable {
    private let exchange = Mutex<HTTPExchange?>(nil)
    private let arrived = Signal()

    var handler: FixtureHandler {
        .make(answer: { [self] exchange in
            guard exchange.path == Array("/held".utf8) else { return exchange.respond(.echo(exchange)) }
            self.exchange.withLock { $0 = exchange }
            arrived.send()
        })
    }

    /// The exchange, once it is there.
    func wait() -> HTTPExchange? {
        guard arrived.wait() else { return nil }
        return exchange.withLock { held in
            defer { held = nil }
            return held
        }
    }
}
