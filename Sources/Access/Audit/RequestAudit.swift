internal import HTTPServer
internal import Synchronization

/// Makes entries of the audit log from requests: from all that change something, and from those that were refused for
/// lack of a token or right. A request that was refused for its content has changed nothing, and is left out.
///
/// Rows of metrics come by the thousand, and anybody can cause refusals: of these, the first in each minute is recorded
/// for a token and a run, or for an address. Used on the polling thread.
package final class RequestAudit: @unchecked Sendable {
    // Sendable: `minute` and `seen` are used only by the polling thread.

    private struct Key: Hashable {
        let sender: String
        let subject: String
    }

    private let log: AuditLog
    private var minute = 0
    /// What was recorded in this minute.
    private var seen: Set<Key> = []
    private static let mostSeen = 100_000

    package init(_ log: AuditLog) { self.log = log }

    /// Records an accepted request, after its reply.
    func note(_ exchange: HTTPExchange, _ need: AccessNeed, now: Double) {
        if (400..<500).contains(exchange.status), exchange.status != 403 { return }
        switch need.audit {
        case .never: return
        case .each: break
        case .sparsely(let slot):
            let minute = Int(now) / 60
            if let slot, slot.holds(minute, exchange.identity) { return }
            slot?.set(minute, exchange.identity)
            let grant = exchange.grant
            guard isFirst(grant.token?.id ?? "", "\(need.operation) \(Self.runs(exchange, need))", in: minute) else {
                return
            }
        }
        record(exchange, need.operation, Self.runs(exchange, need), now)
    }

    /// Records a refused request.
    func note(_ refusal: AccessRefusal, _ exchange: HTTPExchange, now: Double) {
        switch refusal {
        case .invalidHost, .misdirected, .tooManyRequests: return
        case .noToken where !exchange.method.changesSomething: return
        default: break
        }
        guard isFirst(exchange.clientAddress, "\(refusal.status) \(exchange.method.name)", in: Int(now) / 60) else {
            return
        }
        record(exchange, "", [], now, refused: refusal.status)
    }

    private static func runs(_ exchange: HTTPExchange, _ need: AccessNeed) -> [String] {
        if !exchange.subjects.isEmpty { return exchange.subjects }
        if case .named(let run?) = need.runs { return [run] }
        return []
    }

    private func isFirst(_ sender: String, _ subject: String, in minute: Int) -> Bool {
        if minute != self.minute || seen.count >= Self.mostSeen { (self.minute, seen) = (minute, []) }
        return seen.insert(Key(sender: sender, subject: subject)).inserted
    }

    private func record(
        _ exchange: HTTPExchange, _ operation: String, _ runs: [String], _ now: Double, refused: Int? = nil
    ) {
        var entry = AuditEntry(time: now, operation: operation)
        entry.method = exchange.method.name
        entry.path = String(decoding: exchange.path, as: UTF8.self)
        entry.runs = runs
        entry.token = exchange.grant.token.map { ($0.name, $0.id) }
        entry.address = exchange.clientAddress
        entry.status = refused ?? exchange.status
        entry.requestID = exchange.id.description
        log.record(entry)
    }
}

/// Remembers the token and the minute of the last recorded request of a frequent kind, without hashing; each repeating
/// request has its own slot.
package final class AuditSlot: Sendable {
    private let last = Atomic<UInt>(0)

    package init() {}

    private static func mark(_ minute: Int, _ sender: AnyObject?) -> UInt {
        let address = sender.map { UInt(bitPattern: Unmanaged.passUnretained($0).toOpaque()) } ?? 0
        return address &* 0x9e37_79b9_7f4a_7c15 ^ UInt(bitPattern: minute)
    }

    func holds(_ minute: Int, _ sender: AnyObject?) -> Bool {
        last.load(ordering: .relaxed) == Self.mark(minute, sender)
    }

    func set(_ minute: Int, _ sender: AnyObject?) { last.store(Self.mark(minute, sender), ordering: .relaxed) }
}
