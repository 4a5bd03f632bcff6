import JSON
import TestSupport
import Testing

/// A client that writes until its server is gone, each time something else, and keeps a ledger.
final class WritingClient: @unchecked Sendable {
    // Sendable: one thread runs it; the test looks at the ledger once that has ended.

    private(set) var ledger = WriteLedger()
    private let index: Int
    private let prefix: String
    private let shared: [String]
    private let archives: [[UInt8]]
    private let acknowledged: @Sendable () -> Void
    private var numbers: SeededNumbers
    private var count = 0
    private var pending: (run: String, writes: Int)?

    /// The client's own run, for what is replaced as a whole.
    private var own: String { "\(prefix)-own-\(index)" }

    /// - Parameters:
    ///   - index: the client's number, which keeps its epochs and names apart from the others'
    ///   - prefix: what the names of its runs start with
    ///   - shared: runs that all clients write to
    ///   - archives: sources to upload
    ///   - acknowledged: called after each acknowledged write
    init(
        index: Int, prefix: String, shared: [String], archives: [[UInt8]], seed: UInt64,
        acknowledged: @escaping @Sendable () -> Void
    ) {
        (self.index, self.prefix, self.shared, self.archives) = (index, prefix, shared, archives)
        self.acknowledged = acknowledged
        numbers = SeededNumbers(seed: seed &+ UInt64(index) &* 7919)
    }

    /// Writes until the connection breaks.
    func run(_ server: Server) {
        do {
            let client = try server.connect()
            try write(.initialised(run: own), client) { try client.send("PUT", "/runs/\(own)") }
            while true { try step(client) }
        } catch {}
    }

    private func step(_ client: HTTPClient) throws {
        count += 1
        switch Int.random(in: 0..<16, using: &numbers) {
        case 0..<7: try writeRows(to: shared.randomElement(using: &numbers) ?? own, client)
        case 7, 8: try writeProperty(of: shared.randomElement(using: &numbers) ?? own, client)
        case 9: try replaceFlags(client)
        case 10: try mergeFlags(client)
        case 11: try uploadSource(client)
        case 12: try beginAndComplete(client)
        default: try goOnWithPendingRun(client)
        }
    }

    // MARK: Writes

    private func writeRows(to run: String, _ client: HTTPClient) throws {
        let size = Int.random(in: 0..<4, using: &numbers) == 0 ? 3 : 1
        let rows = (0..<size).map { part in
            StoredFact.MetricsRow(epoch: index * 10_000_000 + count * 10 + part, loss: "\(count).\(index)25")
        }
        let texts = rows.map { "{\"epoch\": \($0.epoch), \"loss\": \($0.loss)}" }
        let body = size == 1 ? texts[0] : "[\(texts.joined(separator: ","))]"
        try write(.rows(run: run, rows), client) {
            try client.sendJSON("POST", "/runs/\(run)/metadata/metrics", body)
        }
    }

    private func writeProperty(of run: String, _ client: HTTPClient) throws {
        let name = Bool.random(using: &numbers) ? "p\(index)" : "p\(index)-\(count)"
        try write(.property(run: run, name: name, text: "\(count)"), client) {
            try client.sendJSON("POST", "/runs/\(run)/metadata/properties", "{\"\(name)\": \(count)}")
        }
    }

    private func replaceFlags(_ client: HTTPClient) throws {
        let flags: JSONObject = ["lr": .number(JSONNumber(count)), "by": .string("replacing")]
        try write(.flags(run: own, flags), client) {
            try client.send(
                "POST", "/runs/\(own)/metadata/flags", type: "application/json",
                body: JSONWriter.compact(.object(flags)))
        }
    }

    private func mergeFlags(_ client: HTTPClient) throws {
        var flags = ledger.flags[own] ?? JSONObject()
        flags["merged"] = .number(JSONNumber(count))
        try write(.flags(run: own, flags), client) {
            try client.sendJSON("PATCH", "/runs/\(own)/metadata/flags", "{\"merged\": \(count)}")
        }
    }

    private func uploadSource(_ client: HTTPClient) throws {
        guard let archive = archives.randomElement(using: &numbers) else { return }
        try write(.source(run: own, archive), client) {
            try client.send("POST", "/runs/\(own)/metadata/source", type: "application/gzip", body: archive)
        }
    }

    private func beginAndComplete(_ client: HTTPClient) throws {
        let run = "\(prefix)-done-\(index)-\(count)"
        try write(.initialised(run: run), client) { try client.send("PUT", "/runs/\(run)") }
        try writeRows(to: run, client)
        try write(.completed(run: run), client) { try client.sendEmpty("POST", "/runs/\(run)/complete") }
    }

    /// A run that gets some metadata before it is initialised, and some after.
    private func goOnWithPendingRun(_ client: HTTPClient) throws {
        let (run, writes) = pending ?? ("\(prefix)-pending-\(index)-\(count)", 0)
        pending = (run, writes + 1)
        switch writes {
        case 0, 2, 4: try writeRows(to: run, client)
        case 1: try writeProperty(of: run, client)
        case 3: try write(.initialised(run: run), client) { try client.send("PUT", "/runs/\(run)") }
        default: pending = nil
        }
    }

    /// Asks for something, and notes what came of it.
    private func write(_ fact: StoredFact, _ client: HTTPClient, _ send: () throws -> HTTPClient.Reply) throws {
        ledger.ask(fact)
        let reply = try send()
        guard (200...202).contains(reply.status) else {
            Issue.record("\(fact) got \(reply.status): \(reply.text)")
            return
        }
        ledger.acknowledge()
        acknowledged()
    }
}
