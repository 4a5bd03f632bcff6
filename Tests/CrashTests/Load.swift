import Foundation
import TestSupport
import Testing

/// Clients that write, all at once, until the server is gone.
struct Load {
    private static let clients = 8

    let prefix: String
    let seed: UInt64

    /// Lets all clients write; ends when their connections break.
    /// - Parameters:
    ///   - count: after how many acknowledgements `then` is called, on a client's thread
    func run(_ server: Server, after count: Int, then: @escaping @Sendable () -> Void) throws -> [WriteLedger] {
        let shared = (0..<3).map { "\(prefix)-shared-\($0)" }
        let client = try server.connect()
        var prepared = WriteLedger()
        for run in shared {
            prepared.ask(.initialised(run: run))
            #expect(try client.send("PUT", "/runs/\(run)").status == 201)
            prepared.acknowledge()
        }
        let counter = Counter()
        let clients = (0..<Self.clients).map { index in
            WritingClient(
                index: index, prefix: prefix, shared: shared, archives: Archives.two, seed: seed, keepsHistory: false
            ) { _ in
                if counter.increment() == count { then() }
            }
        }
        let group = DispatchGroup()
        for client in clients {
            group.enter()
            Thread.detachNewThread {
                client.run(server)
                group.leave()
            }
        }
        #expect(group.wait(timeout: .now() + 120) == .success, "the clients got nowhere")
        return clients.map(\.ledger) + [prepared]
    }
}
