import JSON
import TestSupport
import Testing

/// A client that writes, each time something else, and keeps a ledger.
final class WritingClient: @unchecked Sendable {
    // Sendable: one thread runs it; the test looks at the ledger once that has ended.

    var ledger = WriteLedger()
    /// The ledger at each question, where it is kept: what was acknowledged until then, and what was asked for.
    private(set) var history: [WriteLedger] = []
    private let keepsHistory: Bool
    private var questions = 0
    /// Why it ended before it was to.
    private(set) var failure: (any Error)?
    let index: Int
    let prefix: String
    private let shared: [String]
    let archives: [[UInt8]]
    private let refusals: Set<Int>
    private let acknowledged: @Sendable (Int) -> Void
    var numbers: SeededNumbers
    var count = 0
    /// The pending run that it goes on with, and how many writes that has had.
    var pending: (run: String, writes: Int)?
    /// The same of a run that waits in its session.
    var waiting: (run: String, writes: Int)?

    /// The client's own run, for what is replaced as a whole.
    var own: String { "\(prefix)-own-\(index)" }

    /// - Parameters:
    ///   - index: the client's number, which keeps its epochs and names apart from the others'
    ///   - prefix: what the names of its runs start with
    ///   - shared: runs that all clients write to
    ///   - archives: sources to upload
    ///   - keepsHistory: whether `history` is kept, a copy of the ledger for each question
    ///   - refusals: statuses besides 2xx that it bears: a 503 leaves open what is stored, after any other nothing is
    ///   - acknowledged: called after each acknowledged write, with the number of questions so far
    init(
        index: Int, prefix: String, shared: [String], archives: [[UInt8]], seed: UInt64, keepsHistory: Bool = true,
        refusals: Set<Int> = [], acknowledged: @escaping @Sendable (Int) -> Void
    ) {
        (self.index, self.prefix, self.shared, self.archives) = (index, prefix, shared, archives)
        (self.keepsHistory, self.refusals, self.acknowledged) = (keepsHistory, refusals, acknowledged)
        numbers = SeededNumbers(seed: seed &+ UInt64(index) &* 7919)
    }

    /// Writes until it is over, or the connection breaks.
    func run(_ server: Server, until isOver: () -> Bool = { false }) {
        do {
            let client = try server.connect()
            try initialise(own, client)
            while !isOver() { try step(client) }
        } catch { failure = error }
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

    /// Asks for something, and notes what came of it.
    func write(_ fact: StoredFact, _ client: HTTPClient, _ send: () throws -> HTTPClient.Reply) throws {
        ledger.ask(fact)
        questions += 1
        if keepsHistory { history.append(ledger) }
        let reply = try send()
        switch reply.status {
        case 200...204:
            ledger.acknowledge(made: reply.headers["location"].map { String($0.dropFirst("/runs/".count)) })
            acknowledged(questions)
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
