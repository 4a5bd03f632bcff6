import Foundation
import TestSupport
import Testing

/// Clients that write, all at once, until the server is gone.
struct Load {
    private static let clients = 8

    let prefix: String
    let seed: UInt64
    /// Acknowledged writes.
    let acknowledged = Counter()

    /// Lets all clients write; ends when their connections break.
    /// - Parameters:
    ///   - count: after how many acknowledgements `then` is called, on a client's thread
    func run(_ server: Server, after count: Int, then: @escaping @Sendable () -> Void) throws -> [WriteLedger] {
        try run([server], after: count, refusals: [], until: { false }, then: then)
    }

    /// The same with several servers of the same runs; ends also when it is over.
    /// - Parameter refusals: statuses that the clients bear (`WritingClient`)
    func run(
        _ servers: [Server], after count: Int, refusals: Set<Int>, until isOver: @escaping @Sendable () -> Bool,
        then: @escaping @Sendable () -> Void
    ) throws -> [WriteLedger] {
        let shared = (0..<3).map { "\(prefix)-shared-\($0)" }
        let client = try servers[0].connect()
        var prepared = WriteLedger()
        for run in shared {
            prepared.ask(.initialised(run: run))
            #expect(try client.send("PUT", "/runs/\(run)").status == 201)
            prepared.acknowledge()
        }
        let counter = acknowledged
        let clients = (0..<Self.clients).map { index in
            WritingClient(
                index: index, prefix: prefix, shared: shared, archives: Archives.two, seed: seed, keepsHistory: false,
                refusals: refusals
            ) { _ in
                if counter.increment() == count { then() }
            }
        }
        let group = DispatchGroup()
        for client in clients {
            group.enter()
            Thread.detachNewThread {
                client.run(servers[client.index % servers.count], until: isOver)
                group.leave()
            }
        }
        #expect(group.wait(timeout: .now() + 120) == .success, "the clients got nowhere")
        return clients.map(\.ledger) + [prepared]
    }
}
