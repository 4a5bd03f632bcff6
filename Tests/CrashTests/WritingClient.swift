import JSON
import TestSupport
import Testing

/// A client that writes, each time something else, and keeps a ledger.
final class WritingClient: @unchecked Sendable {
    // Sendable: one thread runs it; the test looks at the ledger once that has ended.

    private(set) var ledger = WriteLedger()
    /// The ledger at each question: what was acknowledged until then, and what was asked for.
    private(set) var history: [WriteLedger] = []
    private let index: Int
    private let prefix: String
    private let shared: [String]
    private let archives: [[UInt8]]
    private let refusals: Set<Int>
    private let acknowledged: @Sendable (Int) -> Void
    private var numbers: SeededNumbers
    private var count = 0
    private var pending: (run: String, writes: Int)?
    private var waiting: (run: String, writes: Int)?

    /// The client's own run, for what is replaced as a whole.
    private var own: String { "\(prefix)-own-\(index)" }

    /// - Parameters:
    ///   - index: the client's number, which keeps its epochs and names apart from the others'
    ///   - prefix: what the names of its runs start with
    ///   - shared: runs that all clients write to
    ///   - archives: sources to upload
    ///   - refusals: statuses besides 2xx that it bears: a 503 leaves open what is stored, after any other nothing is
    ///   - acknowledged: called after each acknowledged write, with the number of questions so far
    init(
        index: Int, prefix: String, shared: [String], archives: [[UInt8]], seed: UInt64, refusals: Set<Int> = [],
        acknowledged: @escaping @Sendable (Int) -> Void
    ) {
        (self.index, self.prefix, self.shared, self.archives) = (index, prefix, shared, archives)
        (self.refusals, self.acknowledged) = (refusals, acknowledged)
        numbers = SeededNumbers(seed: seed &+ UInt64(index) &* 7919)
    }

    /// Writes until the connection breaks.
    func run(_ server: Server) {
        do {
            let client = try server.connect()
            try initialise(own, client)
            while true { try step(client) }
        } catch {}
    }

    /// Writes one of each kind, in an order that is the same each time.
    func runScript(_ server: Server) throws {
        let client = try server.connect()
        let run = shared[0]
        try initialise(run, client)
        try initialise(own, client)
        for _ in 0..<2 { try writeRows(to: run, client) }
        for _ in 0..<2 { try writeOutput(to: run, client) }
        try writeProperty(of: run, client)
        try replaceDocument("flags", client)
        try mergeDocument("flags", client)
        try mergeDocument("evaluation", client)
        try changeProperties(client)
        try uploadSource(to: own, client)
        for path in ["a", "b", "a"] { try writeArtifact(path, to: own, client) }
        try removeArtifact("b", of: own, client)
        for _ in 0..<7 { try goOnWithPendingRun(client) }
        for _ in 0..<8 { try goOnWithWaitingRun(client) }
        try beginAndEnd(.completed, client)
        try beginAndEnd(.failed, client)
        for _ in 0..<3 { try writeFrameOrRow(client) }
        try initialiseWithoutID(client)
        let gone = "\(prefix)-gone"
        for _ in 0..<2 {
            try initialise(gone, client)
            try writeRows(to: gone, client)
            try delete(gone, client)
        }
        try initialise(gone, client)
    }

    private func step(_ client: HTTPClient) throws {
        count += 1
        let run = shared.randomElement(using: &numbers) ?? own
        switch Int.random(in: 0..<32, using: &numbers) {
        case 0..<8: try writeRows(to: run, client)
        case 8, 9: try writeProperty(of: run, client)
        case 10: try replaceDocument("flags", client)
        case 11: try mergeDocument("flags", client)
        case 12: try replaceDocument("evaluation", client)
        case 13: try mergeDocument("evaluation", client)
        case 14: try changeProperties(client)
        case 15: try uploadSource(to: own, client)
        case 16: try beginAndEnd(Bool.random(using: &numbers) ? .completed : .failed, client)
        case 17, 18: try writeFrameOrRow(client)
        case 19 where count % 8 == 0: try initialiseWithoutID(client)
        case 20, 21: try goOnWithWaitingRun(client)
        case 22: try beginAndDelete(client)
        case 23, 24: try writeArtifact(Bool.random(using: &numbers) ? "a" : "b", to: own, client)
        case 25: try removeArtifact(Bool.random(using: &numbers) ? "a" : "b", of: own, client)
        case 26, 27: try writeOutput(to: run, client)
        default: try goOnWithPendingRun(client)
        }
    }

    // MARK: Writes

    private func initialise(_ run: String, _ client: HTTPClient) throws {
        let headers = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        try write(.initialised(run: run), client) { try client.send("PUT", "/runs/\(run)", headers: headers) }
    }

    private func initialiseWithoutID(_ client: HTTPClient) throws {
        try write(.initialised(run: nil), client) { try client.sendEmpty("POST", "/runs", session: "other-\(index)") }
    }

    private func rows(_ size: Int) -> [StoredFact.MetricsRow] {
        count += 1
        return (0..<size).map { part in
            StoredFact.MetricsRow(epoch: index * 10_000_000 + count * 10 + part, loss: "\(count).\(index)25")
        }
    }

    private func writeRows(to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        let rows = rows(Int.random(in: 0..<4, using: &numbers) == 0 ? 3 : 1)
        let texts = rows.map { "{\"epoch\": \($0.epoch), \"loss\": \($0.loss)}" }
        let body = rows.count == 1 ? texts[0] : "[\(texts.joined(separator: ","))]"
        try write(.rows(run: run, rows), client) {
            try client.sendJSON(
                "POST", "/runs/\(target ?? run)/metadata/metrics", body, session: ledger.sessions[run])
        }
    }

    /// A frame takes the place of the rows, and rows come behind it.
    private func writeFrameOrRow(_ client: HTTPClient) throws {
        let run = "\(prefix)-frame-\(index)"
        guard ledger.rows[run]?.isEmpty == false, Bool.random(using: &numbers) else {
            let rows = rows(Int.random(in: 1..<4, using: &numbers))
            let epochs = rows.map { "\($0.epoch)" }.joined(separator: ", ")
            let losses = rows.map(\.loss).joined(separator: ", ")
            return try write(.frame(run: run, rows), client) {
                try client.sendJSON(
                    "POST", "/runs/\(run)/metadata/metrics?replace=true",
                    "{\"epoch\": [\(epochs)], \"loss\": [\(losses)]}")
            }
        }
        try writeRows(to: run, client)
    }

    private func writeOutput(to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        count += 1
        let lines = (0..<Int.random(in: 1..<4, using: &numbers)).map { "client \(index), line \(count).\($0)" }
        let session = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        try write(.output(run: run, lines), client) {
            try client.send(
                "POST", "/runs/\(target ?? run)/metadata/output", type: "text/plain", headers: session,
                text: lines.map { $0 + "\n" }.joined())
        }
    }

    private func writeProperty(of run: String, as target: String? = nil, _ client: HTTPClient) throws {
        count += 1
        let name = Bool.random(using: &numbers) ? "p\(index)" : "p\(index)-\(count)"
        try write(.property(run: run, name: name, text: "\(count)"), client) {
            try client.sendJSON(
                "POST", "/runs/\(target ?? run)/metadata/properties", "{\"\(name)\": \(count)}",
                session: ledger.sessions[run])
        }
    }

    /// Merges one property, or takes it away.
    private func changeProperties(_ client: HTTPClient) throws {
        count += 1
        let text = Bool.random(using: &numbers) ? "\(count)" : nil
        try write(.property(run: own, name: "m\(index)", text: text), client) {
            try client.sendJSON("PATCH", "/runs/\(own)/metadata/properties", "{\"m\(index)\": \(text ?? "null")}")
        }
    }

    private func replaceDocument(_ type: String, of run: String? = nil, as target: String? = nil, _ client: HTTPClient)
        throws
    {
        count += 1
        let run = run ?? own
        let object: JSONObject = ["lr": .number(JSONNumber(count)), "by": .number(JSONNumber(index))]
        try write(.document(run: run, type: type, object), client) {
            try client.sendJSON(
                "POST", "/runs/\(target ?? run)/metadata/\(type)",
                String(decoding: JSONWriter.compact(.object(object)), as: UTF8.self), session: ledger.sessions[run])
        }
    }

    private func mergeDocument(_ type: String, _ client: HTTPClient) throws {
        count += 1
        var object = ledger.documents[own]?[type] ?? JSONObject()
        object["merged"] = .number(JSONNumber(count))
        try write(.document(run: own, type: type, object), client) {
            try client.sendJSON("PATCH", "/runs/\(own)/metadata/\(type)", "{\"merged\": \(count)}")
        }
    }

    private func uploadSource(to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        guard let archive = archives.randomElement(using: &numbers) else { return }
        let session = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        try write(.source(run: run, archive), client) {
            try client.send(
                "POST", "/runs/\(target ?? run)/metadata/source", type: "application/gzip", headers: session,
                body: archive)
        }
    }

    private func writeArtifact(_ name: String, to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        count += 1
        let session = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        let bytes = Array((String(repeating: "\(count)\n", count: 1000) + "end\n").utf8)
        try write(.artifact(run: run, path: "models/\(name)", bytes), client) {
            try client.send(
                "PUT", "/runs/\(target ?? run)/files/models/\(name)", type: "application/octet-stream",
                headers: session, body: bytes)
        }
    }

    private func removeArtifact(_ name: String, of run: String, _ client: HTTPClient) throws {
        guard ledger.artifacts[run]?["models/\(name)"] ?? nil != nil else { return }
        try write(.artifact(run: run, path: "models/\(name)", nil), client) {
            try client.send("DELETE", "/runs/\(run)/files/models/\(name)")
        }
    }

    private func beginAndEnd(_ end: StoredFact.RunEnd, _ client: HTTPClient) throws {
        count += 1
        let run = "\(prefix)-done-\(index)-\(count)"
        try initialise(run, client)
        try writeRows(to: run, client)
        try write(.ended(run: run, end), client) {
            switch end {
            case .completed: try client.sendEmpty("POST", "/runs/\(run)/complete")
            case .failed:
                try client.sendJSON("POST", "/runs/\(run)/metadata/error", #"{"message": "m", "traceback": ["t"]}"#)
            }
        }
    }

    /// A run that goes, and another of its name that may come after it.
    private func beginAndDelete(_ client: HTTPClient) throws {
        count += 1
        let run = "\(prefix)-gone-\(index)-\(count)"
        try initialise(run, client)
        try writeRows(to: run, client)
        try delete(run, client)
        guard Bool.random(using: &numbers) else { return }
        try initialise(run, client)
        try writeRows(to: run, client)
    }

    private func delete(_ run: String, _ client: HTTPClient) throws {
        try write(.deleted(run: run), client) { try client.send("DELETE", "/runs/\(run)?force=true") }
    }

    /// A run that gets some metadata before it is initialised, and some after.
    private func goOnWithPendingRun(_ client: HTTPClient) throws {
        count += 1
        let (run, writes) = pending ?? ("\(prefix)-pending-\(index)-\(count)", 0)
        pending = (run, writes + 1)
        switch writes {
        case 0, 3, 5: try writeRows(to: run, client)
        case 1: try writeProperty(of: run, client)
        case 2, 6: try writeOutput(to: run, client)
        case 4: try initialise(run, client)
        default: pending = nil
        }
    }

    /// Metadata of a session without a run, and the run that it becomes.
    private func goOnWithWaitingRun(_ client: HTTPClient) throws {
        count += 1
        let (run, writes) = waiting ?? ("\(prefix)-waiting-\(index)-\(count)", 0)
        waiting = (run, writes + 1)
        ledger.sessions[run] = "\(prefix)-\(index)"
        switch writes {
        case 0: try writeRows(to: run, as: "active", client)
        case 1: try uploadSource(to: run, as: "active", client)
        case 2: try writeArtifact("a", to: run, as: "active", client)
        case 3: try replaceDocument("flags", of: run, as: "active", client)
        case 4: try writeOutput(to: run, as: "active", client)
        case 5: try initialise(run, client)
        case 6: try writeProperty(of: run, as: "active", client)
        default:
            waiting = nil
            try write(.ended(run: run, .completed), client) { try client.sendEmpty("POST", "/runs/\(run)/complete") }
        }
    }

    /// Asks for something, and notes what came of it.
    private func write(_ fact: StoredFact, _ client: HTTPClient, _ send: () throws -> HTTPClient.Reply) throws {
        ledger.ask(fact)
        history.append(ledger)
        let reply = try send()
        switch reply.status {
        case 200...204:
            ledger.acknowledge(made: reply.headers["location"].map { String($0.dropFirst("/runs/".count)) })
            acknowledged(history.count)
        // What was asked for before was refused, and this stands on it.
        case 404 where !refusals.isEmpty: ledger.refuse()
        case 503 where refusals.contains(503): return
        case let status where refusals.contains(status): ledger.refuse()
        default:
            Issue.record("\(fact) got \(reply.status): \(reply.text)")
            ledger.refuse()
        }
    }
}
