import TestSupport

/// Something that a client does to the server, and what it may get for it.
struct Attack: Sendable {
    let name: String
    let run: @Sendable (Server) throws -> Void

    /// The server did what it must not do.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// What a request may get.
    enum Outcome: Sendable {
        /// One of these statuses.
        case status(Set<Int>)
        /// Refused as the client's fault, or for want of room.
        case refused
        /// Any whole reply that is no fault of the server's.
        case answered

        static func status(_ status: Int) -> Outcome { .status([status]) }

        fileprivate func allows(_ status: Int) -> Bool {
            switch self {
            case .status(let statuses): statuses.contains(status)
            case .refused: (400...499).contains(status) || [501, 505, 507].contains(status)
            case .answered: status < 500 || [501, 502, 503, 505, 507].contains(status)
            }
        }
    }

    init(_ name: String, _ run: @escaping @Sendable (Server) throws -> Void) { (self.name, self.run) = (name, run) }

    /// A request with a length, on a connection of its own that nothing else is sent on.
    static func request(
        _ name: String, _ method: String, _ target: String, type: String? = nil,
        headers: [(String, String)] = [], gets outcome: Outcome, body: @escaping @Sendable () throws -> [UInt8] = { [] }
    ) -> Attack {
        raw(name, gets: outcome) {
            HTTPClient.request(
                method, target, type: type, headers: headers + [("Connection", "close")], body: try body())
        }
    }

    /// Bytes as they are, and then the end of what the client sends. There has to be one whole reply for each request.
    static func raw(
        _ name: String, replies count: Int = 1, gets outcome: Outcome, bytes: @escaping @Sendable () throws -> [UInt8]
    ) -> Attack {
        Attack(name) { server in
            let bytes = try bytes()
            let client = try server.connect(timeout: 60)
            // A server that has refused a body may close before all of it is sent.
            try? client.write(bytes)
            client.endSending()
            let replies = try client.readReplies()
            guard replies.count == count else {
                throw Fault(description: "\(replies.count) replies: \(replies.map(\.status))")
            }
            for reply in replies { try check(reply, outcome) }
        }
    }

    static func check(_ reply: HTTPClient.Reply, _ outcome: Outcome) throws {
        guard outcome.allows(reply.status) else {
            throw Fault(description: "status \(reply.status), \(reply.text.prefix(300))")
        }
        if reply.status < 400 { return }
        let faults = reply.faultsAsProblem
        if !faults.isEmpty {
            throw Fault(description: "\(reply.status): \(faults.joined(separator: ", ")): \(reply.text.prefix(300))")
        }
        if reply.body.count > 16_384 { throw Fault(description: "an error of \(reply.body.count) bytes") }
    }
}
