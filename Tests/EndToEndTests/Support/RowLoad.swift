import Foundation
import Synchronization
import TestSupport
import Testing

/// Clients that send rows to one run, each row once, to servers that may be killed; and which rows were acknowledged.
final class RowLoad: Sendable {
    private struct State: Sendable {
        var servers: [Server]
        var acknowledged: Set<Int> = []
        var ended = 0
    }

    private let state: Mutex<State>
    private let clients: Int
    private let sent = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)

    init(clients: Int, _ servers: [Server]) {
        self.clients = clients
        state = Mutex(State(servers: servers))
        for index in 0..<clients { Thread.detachNewThread { [self] in send(index) } }
    }

    var servers: [Server] { state.withLock(\.servers) }
    var acknowledged: Set<Int> { state.withLock(\.acknowledged) }

    /// A server took the place of one that was killed.
    func replace(_ place: Int, by server: Server) { state.withLock { $0.servers[place] = server } }

    private func send(_ index: Int) {
        while !isOver.load(ordering: .relaxed) {
            let all = servers
            guard let client = try? all[index % all.count].connect() else {
                usleep(10_000)
                continue
            }
            while !isOver.load(ordering: .relaxed) {
                let number = sent.wrappingAdd(1, ordering: .relaxed).newValue
                guard
                    let reply = try? client.sendJSON("POST", "/runs/load/metadata/metrics", "{\"n\": \(number)}")
                else { break }
                if reply.status == 201 { state.withLock { _ = $0.acknowledged.insert(number) } }
            }
        }
        state.withLock { $0.ended += 1 }
    }

    /// Ends the clients, and checks that each acknowledged row is there, and none twice.
    func check(_ client: HTTPClient) throws {
        isOver.store(true, ordering: .relaxed)
        #expect(eventually { state.withLock(\.ended) == clients })
        let rows = try client.send("GET", "/runs/load/files/tfruns.d/metrics.ndjson").text.split(separator: "\n")
        // {"n":17,"_time":…}
        let found = rows.compactMap { Int($0.dropFirst(5).prefix { $0.isNumber }) }
        #expect(found.count == rows.count)
        #expect(acknowledged.subtracting(found) == [], "acknowledged, and lost")
        #expect(found.count == Set(found).count, "doubled")
    }
}
