import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Work that gathers while requests are read, and the lease on polling that moves while it blocks.
@Suite struct GatheredWorkTests {
    @Test func workIsDoneBetweenPollsAndAnswersItsRequests() throws {
        let work = FixtureWork()
        let server = try RunningServer.make(.gathering(work), work: work)
        let clients = try (0..<20).map { _ in try server.client() }
        for round in 0..<5 {
            for client in clients { try client.write(HTTPClient.request("POST", "/\(round)", body: [66])) }
            for client in clients { #expect(try client.read().text == "POST /\(round) B") }
        }
        #expect(work.done == 100)
        #expect(work.rounds <= 100)
    }

    /// They share what the work costs each time.
    @Test func requestsThatComeWhileOthersAreReadAreInTheSameRound() throws {
        let begun = Signal()
        let goOn = Signal()
        let work = FixtureWork()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                if exchange.path != Array("/at-once".utf8) {
                    begun.send()
                    _ = goOn.wait()
                }
                if exchange.path == Array("/first".utf8) {
                    exchange.respond(HTTPResponse(status: 204))
                } else {
                    work.add(exchange)
                }
            }), work: work)
        let first = try server.client()
        let clients = try (0..<8).map { _ in try server.client() }
        func write(_ clients: ArraySlice<HTTPClient>, last: String) throws {
            for (index, client) in clients.enumerated() {
                let path = index == clients.count - 1 ? last : "/at-once"
                try client.write(HTTPClient.request("POST", path, body: [66]))
            }
        }
        try first.write(HTTPClient.request("POST", "/first", body: [66]))
        #expect(begun.wait())
        try write(clients[..<4], last: "/later")
        goOn.send()
        #expect(begun.wait())
        try write(clients[4...], last: "/at-once")
        goOn.send()
        #expect(try first.read().status == 204)
        for client in clients { #expect(try client.read().status == 200) }
        #expect(work.rounds == 1)
    }

    @Test func idleServerDoesNoWork() throws {
        let work = FixtureWork()
        let server = try RunningServer.make(.gathering(work), work: work)
        let client = try server.client()
        for _ in 0..<50 { _ = try client.send("GET", "/") }
        server.stop()
        #expect(work.rounds == 0)
    }

    @Test func workGatheredOnAnotherThreadIsDoneOnceTheServerIsWoken() throws {
        let work = FixtureWork()
        let server = try RunningServer.make(
            .make(answer: { exchange in
                exchange.onWorker(.quick) {
                    work.add(exchange)
                    exchange.wakeServer()
                }
            }), work: work)
        let client = try server.client()
        for number in 0..<20 { #expect(try client.send("POST", "/\(number)", body: [66]).text == "POST /\(number) B") }
    }

    @Test func othersAreServedWhileTheWorkBlocks() throws {
        let begun = Signal()
        let goOn = Signal()
        let work = FixtureWork {
            begun.send()
            _ = goOn.wait()
        }
        let server = try RunningServer.make(.gathering(work), work: work)
        let writer = try server.client()
        let reader = try server.client()
        for number in 0..<10 {
            try writer.write(HTTPClient.request("POST", "/\(number)", body: [66]))
            #expect(begun.wait())
            for _ in 0..<3 { #expect(try reader.send("GET", "/r").text == "GET /r ") }
            #expect(try server.client().send("GET", "/new").text == "GET /new ", "a new connection, too")
            #expect(work.done == number, "the work still blocks")
            goOn.send()
            #expect(try writer.read().text == "POST /\(number) B")
        }
    }

    @Test func workThatComesWhileOtherWorkBlocksIsDoneNext() throws {
        let begun = Signal()
        let goOn = Signal()
        let work = FixtureWork {
            begun.send()
            _ = goOn.wait()
        }
        let server = try RunningServer.make(.gathering(work), work: work)
        let (first, second, reader) = (try server.client(), try server.client(), try server.client())
        try first.write(HTTPClient.request("POST", "/1", body: [66]))
        #expect(begun.wait())
        try second.write(HTTPClient.request("POST", "/2", body: [66]))
        #expect(eventually { server.server.requestsInFlight == 2 })
        #expect(try reader.send("GET", "/").status == 200)
        goOn.send()
        goOn.send()
        #expect(try first.read().text == "POST /1 B")
        #expect(try second.read().text == "POST /2 B")
    }

    /// Or memory grows for as long as a slow disk has something to do.
    @Test func requestsThatSomethingElseHasAnsweredAreNotKeptWhileTheWorkBlocks() throws {
        let begun = Signal()
        let goOn = Signal()
        let work = FixtureWork {
            begun.send()
            _ = goOn.wait()
        }
        let answered = Mutex(Weak())
        let server = try RunningServer.make(
            .make(answer: { exchange in
                if exchange.path == Array("/work".utf8) { return work.add(exchange) }
                answered.withLock { $0.exchange = exchange }
                exchange.onWorker(.quick) { exchange.respond(HTTPResponse(status: 204)) }
            }), work: work)
        let (writer, other) = (try server.client(), try server.client())
        try writer.write(HTTPClient.request("POST", "/work", body: [66]))
        #expect(begun.wait())
        for _ in 0..<5 {
            #expect(try other.send("POST", "/other", body: [66]).status == 204)
            #expect(eventually { answered.withLock { $0.exchange == nil } })
        }
        #expect(work.done == 0, "the work still blocks")
        goOn.send()
        #expect(try writer.read().text == "POST /work B")
    }

    @Test func serverStopsWhileItsWorkBlocksAndFinishesIt() throws {
        let begun = Signal()
        let goOn = Signal()
        let work = FixtureWork {
            begun.send()
            _ = goOn.wait()
        }
        let server = try RunningServer.make(.gathering(work), work: work)
        let client = try server.client()
        try client.write(HTTPClient.request("POST", "/last", body: [66]))
        #expect(begun.wait())
        server.workers.quick.run {
            _ = eventually { server.server.isStopping }
            goOn.send()
        }
        #expect(server.server.stop())
        #expect(try client.read().text == "POST /last B")
        server.workers.stop()
    }
}

private struct Weak {
    weak var exchange: HTTPExchange?
}

/// Work that answers the requests that were added; before each round it does something that may block.
final class FixtureWork: GatheredWork {
    private struct State {
        var waiting: [HTTPExchange] = []
        var isAtWork = false
        var done = 0
        var rounds = 0
    }

    private let state = Mutex(State())
    private let block: @Sendable () -> Void

    init(block: @escaping @Sendable () -> Void = {}) { self.block = block }

    var done: Int { state.withLock { $0.done } }
    var rounds: Int { state.withLock { $0.rounds } }

    func add(_ exchange: HTTPExchange) { state.withLock { $0.waiting.append(exchange) } }

    var isWaiting: Bool { state.withLock { !$0.waiting.isEmpty && !$0.isAtWork } }

    func perform() {
        while true {
            let batch: [HTTPExchange] = state.withLock { state in
                if state.isAtWork || state.waiting.isEmpty { return [] }
                state.isAtWork = true
                state.rounds += 1
                defer { state.waiting = [] }
                return state.waiting
            }
            if batch.isEmpty { return }
            block()
            state.withLock { state in
                state.done += batch.count
                state.isAtWork = false
            }
            for exchange in batch { exchange.respond(.echo(exchange)) }
        }
    }
}

extension FixtureHandler {
    /// Answers POST by gathered work, everything else at once.
    fileprivate static func gathering(_ work: FixtureWork) -> FixtureHandler {
        .make(answer: { $0.method == .post ? work.add($0) : $0.respond(.echo($0)) })
    }
}
