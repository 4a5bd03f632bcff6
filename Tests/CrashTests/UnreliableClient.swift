import TestSupport

/// A client that reads, and that vanishes, stalls and lies. What it asks for and does not wait for may be stored, or
/// not.
final class UnreliableClient: @unchecked Sendable {
    // Sendable: one thread runs it; the test looks at it once that has ended.

    private(set) var ledger = WriteLedger()
    /// What the server did that it must not do.
    private(set) var faults: [String] = []
    private let index: Int
    private let prefix: String
    private let shared: [String]
    private let counter: Counter
    private var numbers: SeededNumbers
    private var count = 0
    /// Connections that stall, the oldest first.
    private var stalled: [HTTPClient] = []
    private var reader: HTTPClient?
    /// What it was at last.
    private var doing = ""

    /// How many connections of one client stall at a time.
    private static let mostStalled = 50

    /// - Parameters:
    ///   - index: the client's number
    ///   - prefix: what the names of its runs start with
    ///   - shared: runs that all clients write to
    ///   - counter: counts the requests
    init(index: Int, prefix: String, shared: [String], seed: UInt64, counter: Counter) {
        (self.index, self.prefix, self.shared, self.counter) = (index, prefix, shared, counter)
        numbers = SeededNumbers(seed: seed &+ UInt64(index) &* 104_729)
    }

    func run(_ server: Server, until isOver: () -> Bool) {
        do {
            while !isOver() {
                count += 1
                switch Int.random(in: 0..<16, using: &numbers) {
                case 0: try vanish(from: server)
                case 1: try stall(server)
                case 2, 3: try lie(to: server)
                default: try read(from: server)
                }
                counter.increment()
            }
        } catch { faults.append("client \(index), \(doing): \(error)") }
        (stalled, reader) = ([], nil)
    }

    /// Reads something on a connection that stays.
    private func read(from server: Server) throws {
        let client = try reader ?? server.connect()
        reader = client
        let run = shared.randomElement(using: &numbers) ?? ""
        let targets = [
            "/health", "/ready", "/metrics", "/types", "/columns", "/runs?limit=5",
            "/runs?where=eval_acc%20%3E%200.5&limit=3",
            "/runs?order=-start&columns=run,status&limit=9", "/runs/\(run)", "/runs/\(run)/metadata",
            "/runs/\(run)/files",
            "/runs/\(run)/metrics?points=20", "/runs/\(run)/metadata/properties", "/runs/\(run)/metadata/error",
            "/series?runs=\(run)&metrics=loss&points=9", "/compare?runs=\(shared.joined(separator: ","))", "/runs/none",
            "/runs/\(run)/output?after=0", "/runs?where=%28", "/nothing",
        ]
        let target = targets.randomElement(using: &numbers) ?? "/health"
        let method = Int.random(in: 0..<8, using: &numbers) == 0 ? "HEAD" : "GET"
        let fields = Bool.random(using: &numbers) ? [("Accept-Encoding", "gzip")] : []
        doing = "\(method) \(target) \(fields)"
        let reply = try client.send(method, target, headers: fields)
        // As after HEAD of what is streamed (RFC 9112 section 9.6).
        if reply.headers["connection"] == "close" { reader = nil }
        if ![200, 304, 400, 404].contains(reply.status) {
            faults.append("\(method) \(target) got \(reply.status): \(reply.text.prefix(300))")
        }
    }

    /// Sends a whole request, or a part, and is gone.
    private func vanish(from server: Server) throws {
        let client = try server.connect()
        doing = "vanishing"
        if Bool.random(using: &numbers) { client.resetAtTheEnd() }
        let run = "\(prefix)-vanished-\(index)"
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0:
            let row = StoredFact.MetricsRow(epoch: count, loss: "\(count).5")
            ledger.ask(.rows(run: run, [row]))
            let body = Array("{\"epoch\": \(row.epoch), \"loss\": \(row.loss)}".utf8)
            try client.write(
                HTTPClient.request("POST", "/runs/\(run)/metadata/metrics", type: "application/json", body: body))
        case 1: try client.write(HTTPClient.request("GET", "/runs/\(shared[0])/bundle.tar.gz"))
        case 2: try client.write(HTTPClient.request("GET", "/runs"))
        default: try client.write(Self.part(of: shared[0], numbers.next()))
        }
    }

    /// Sends a part of a request, or asks for much and does not read, and stays for a while.
    private func stall(_ server: Server) throws {
        let client = try server.connect()
        doing = "stalling"
        if Bool.random(using: &numbers) { client.resetAtTheEnd() }
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: try client.write(HTTPClient.request("GET", "/events"))
        case 1: try client.write(HTTPClient.request("GET", "/runs/\(shared[0])/metadata/metrics"))
        default: try client.write(Self.part(of: shared[0], numbers.next()))
        }
        stalled.append(client)
        if stalled.count > Self.mostStalled { stalled.removeFirst() }
    }

    private func lie(to server: Server) throws {
        guard let lie = Lie.all.randomElement(using: &numbers) else { return }
        doing = lie.name
        let client = try server.connect()
        try client.write(lie.bytes(shared[0]))
        client.endSending()
        for reply in try client.readReplies() where !(400...499).contains(reply.status) && reply.status != 501 {
            faults.append("\(lie.name) got \(reply.status): \(reply.text.prefix(300))")
        }
    }

    /// The beginning of a request to store something, of a length that the number says; never all of it.
    private static func part(of run: String, _ number: UInt64) -> [UInt8] {
        let body = [UInt8](repeating: 0x1F, count: 4000)
        let request =
            switch number % 3 {
            case 0: HTTPClient.request("POST", "/runs/\(run)/metadata/source", type: "application/gzip", body: body)
            case 1: HTTPClient.request("PUT", "/runs/\(run)/files/models/part", body: body)
            default:
                HTTPClient.request(
                    "POST", "/runs/\(run)/metadata/metrics", type: "application/json",
                    body: Array(#"{"epoch": -2, "loss": 6.66}"#.utf8))
            }
        return Array(request.prefix(1 + Int(number / 3 % UInt64(request.count - 1))))
    }
}
