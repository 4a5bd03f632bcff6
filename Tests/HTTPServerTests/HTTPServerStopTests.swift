import Foundation
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// How a server ends.
@Suite(.overBothTransports) struct HTTPServerStopTests {
    @Test func stoppingLetsTheRequestInFlightFinishAndRefusesNewOnes() throws {
        let held = Mutex<HTTPExchange?>(nil)
        let arrived = Signal()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                if exchange.method == .get { return exchange.respond(.echo(exchange)) }
                held.withLock { $0 = exchange }
                arrived.send()
            }))
        let inFlight = try server.client()
        let idle = try server.client()
        #expect(try idle.send("GET", "/").status == 200)
        try inFlight.write(HTTPClient.request("POST", "/held", body: Array("x".utf8)))
        #expect(arrived.wait())

        let stopped = Signal()
        let finished = Mutex<Bool?>(nil)
        Thread.detachNewThread {
            let all = server.server.stop()
            finished.withLock { $0 = all }
            stopped.send()
        }
        #expect(eventually { server.server.isStopping })
        #expect(try idle.send("GET", "/").status == 503)
        #expect(finished.withLock { $0 } == nil, "it waits")

        held.withLock { exchange in
            exchange?.respond(.text(200, "in time"))
            exchange = nil
        }
        #expect(try inFlight.read().text == "in time")
        #expect(stopped.wait())
        #expect(finished.withLock { $0 } == true)
        #expect(throws: HTTPClient.Failure.self) { _ = try server.client().send("GET", "/") }
        server.workers.stop()
    }

    @Test func stoppingGivesUpOnARequestThatTakesTooLong() throws {
        var limits = ServerLimits()
        limits.drainSeconds = 0
        let arrived = Signal()
        let held = Mutex<HTTPExchange?>(nil)
        let server = try RunningServer.make(
            .make(answer: { exchange in
                held.withLock { $0 = exchange }
                arrived.send()
            }), limits: limits)
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/"))
        #expect(arrived.wait())
        #expect(server.server.stop() == false)
        server.workers.stop()
        // The daemon is left as it is, with this connection suspended: it has to outlive the server object.
        withExtendedLifetime(client) {}
    }

    @Test func stoppingEndsJobsThatAskWhetherAnyoneWaits() throws {
        var limits = ServerLimits()
        limits.drainSeconds = 0
        let begun = Signal()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                exchange.handOver(to: .long) {
                    begun.send()
                    while !exchange.isAbandoned {}
                    exchange.respond(.text(503, "given up"))
                }
            }), limits: limits)
        let client = try server.client()
        try client.write(HTTPClient.request("GET", "/"))
        #expect(begun.wait())
        #expect(server.server.stop())
        #expect(try client.read().text == "given up")
        #expect(server.workers.stop(within: 20))
    }

    @Test func stoppingCutsOffBodiesThatAreStillComing() throws {
        var limits = ServerLimits()
        limits.drainSeconds = 0
        let sink = RecordingSink()
        let server = try RunningServer.make(.streaming(to: sink), limits: limits)
        let client = try server.client()
        try client.write(head("POST /u HTTP/1.1", "Content-Length: 100") + [1, 2, 3])
        #expect(eventually { server.server.requestsInFlight == 1 })
        #expect(server.server.stop())
        #expect(client.isClosed())
        #expect(server.workers.stop(within: 20))
        #expect(sink.record.cancelled == 1)
    }

    @Test func idleServerStopsAtOnceAndFreesItsPort() throws {
        let server = try RunningServer.make()
        let client = try server.client()
        #expect(try client.send("GET", "/").status == 200)
        #expect(server.server.stop())
        #expect(client.isClosed())
        server.workers.stop()
        let again = try ListeningSocket(host: "127.0.0.1", port: server.server.port)
        #expect(again.port == server.server.port)
        close(again.descriptor)
    }

    @Test func portThatIsTakenIsRefusedInWords() throws {
        let server = try RunningServer.make()
        let failure = #expect(throws: ListeningSocket.Failure.self) {
            _ = try ListeningSocket(host: "127.0.0.1", port: server.server.port)
        }
        #expect(failure?.description.contains("cannot listen on 127.0.0.1 port \(server.server.port)") == true)
    }

    @Test func hostThatIsNoneIsRefusedInWords() {
        let failure = #expect(throws: ListeningSocket.Failure.self) {
            _ = try ListeningSocket(host: "no such host.invalid", port: 0)
        }
        #expect(failure?.description.hasPrefix("no such host.invalid: ") == true)
    }
}
