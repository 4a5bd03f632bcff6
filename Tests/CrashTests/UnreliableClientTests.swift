import Foundation
import TestSupport
import Testing

/// Many requests of all kinds, from clients that write, that read, and that vanish, stall and lie. The server holds no
/// more after them than before, and all that it acknowledged is there.
@Suite struct UnreliableClientTests {
    /// Requests of a round, after which everything is looked at, and the runs are purged.
    private static let roundSize = 50_000
    private static let writers = 8
    private static let unreliable = 4

    @Test func nothingIsLostAndNothingIsLeft() throws {
        let seed = CrashSettings.seed
        let folder = TemporaryFolder()
        let server = try Server(runs: folder.path)
        let rounds = max(2, CrashSettings.requests / Self.roundSize)
        let counter = Counter()
        var before: Footprint?
        for number in 0..<rounds where !CrashSettings.isOver {
            let round = "requests: RUNDIR_SEED=\(seed), round \(number)"
            let most = CrashSettings.requests * (number + 1) / rounds
            let faults = try load(server, prefix: "r\(number)", seed: seed &+ UInt64(number), counter, upTo: most)
            guard faults.isEmpty else { return CrashSettings.report(faults, round) }
            try purge(server)
            // What is made once is there after the first round.
            guard let first = before else {
                before = Footprint(of: server)
                continue
            }
            // What is purged leaves staging at the next checkpoint, once a minute, made by a thread of idle priority.
            let isAsBefore = eventually(within: 240) { Footprint(of: server).excess(over: first).isEmpty }
            let now = Footprint(of: server)
            guard isAsBefore else {
                return CrashSettings.report(["before: \(first); now: \(now); more: \(now.excess(over: first))"], round)
            }
            CrashSettings.say("\(round): \(counter.value) requests; \(now)")
        }
        // Something for the check of the whole directory.
        #expect(try load(server, prefix: "last", seed: seed, counter, upTo: counter.value + 500) == [])
        #expect(try server.terminate() == .exited(0), "\(server.errors.suffix(2000))")
        let check = try Command(Server.executable, "check", "--runs", server.runs)
        #expect(check.ending == .exited(0), "\(String(decoding: check.output, as: UTF8.self).suffix(2000))")
    }

    /// Lets all clients do what they do.
    /// - Returns: what went wrong
    private func load(
        _ server: Server, prefix: String, seed: UInt64, _ counter: Counter, upTo most: Int
    ) throws -> [String] {
        let isOver = { @Sendable in counter.value >= most }
        let shared = (0..<3).map { "\(prefix)-shared-\($0)" }
        var prepared = WriteLedger()
        for run in shared {
            prepared.ask(.initialised(run: run))
            #expect(try server.connect().send("PUT", "/runs/\(run)").status == 201)
            prepared.acknowledge()
        }
        let writers = (0..<Self.writers).map { index in
            WritingClient(
                index: index, prefix: prefix, shared: shared, archives: Archives.two, seed: seed, keepsHistory: false
            ) { _ in counter.increment() }
        }
        let unreliable = (0..<Self.unreliable).map { index in
            UnreliableClient(index: index, prefix: prefix, shared: shared, seed: seed, counter: counter)
        }
        let group = DispatchGroup()
        var runs: [@Sendable () -> Void] = writers.map { client in { client.run(server, until: isOver) } }
        runs += unreliable.map { client in { client.run(server, until: isOver) } }
        for run in runs {
            group.enter()
            Thread.detachNewThread {
                run()
                group.leave()
            }
        }
        group.wait()
        if server.process.hasEnded { return ["the server has ended: \(server.errors)"] }
        var faults = unreliable.flatMap(\.faults)
        faults += writers.compactMap { client in client.failure.map { "writer \(client.index): \($0)" } }
        let ledgers = writers.map(\.ledger) + unreliable.map(\.ledger) + [prepared]
        return faults + (try LedgerCheck(server, ledgers).faults)
    }

    /// Removes all runs, those that wait for their initialisation among them.
    private func purge(_ server: Server) throws {
        for query in ["where=TRUE&dry_run=false&force=true", "pending=true&dry_run=false"] {
            let reply = try server.connect().sendEmpty("POST", "/runs/purge?\(query)")
            #expect(reply.status == 200, "\(reply.text)")
        }
    }
}
