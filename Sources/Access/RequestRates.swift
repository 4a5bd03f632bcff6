internal import HTTPServer
internal import Threads

/// Limits the requests a second of each sender: each token, and each address that sends requests without one.
///
/// A sender may make a second's worth of requests at once; after that, one for each fraction of a second that has
/// passed. Used only by the polling thread.
package final class RequestRates: @unchecked Sendable {
    // Sendable: used by the polling thread only.

    /// Requests a second; 0: no limit.
    package struct Limits: Sendable {
        package var perToken = 0
        package var perAddress = 0

        package init() {}
    }

    /// The requests that a sender has left at a time (nanoseconds, monotonic).
    struct Allowance {
        var left: Double
        var time: UInt64
    }

    private let limits: Limits
    private let clock: @Sendable () -> UInt64
    private(set) var allowances: [String: Allowance] = [:]
    /// With more senders than this, those that have all of their allowance again are forgotten.
    private static let most = 10_000

    package init(_ limits: Limits, clock: @escaping @Sendable () -> UInt64 = monotonicNanoseconds) {
        (self.limits, self.clock) = (limits, clock)
    }

    /// Counts a request.
    /// - Throws: `tooManyRequests`
    func take(_ exchange: HTTPExchange, _ grant: Grant) throws(AccessRefusal) {
        let limit = grant.token == nil ? limits.perAddress : limits.perToken
        if limit == 0 { return }
        let sender = grant.token.map { "token \($0.id)" } ?? exchange.clientAddress
        if !take(sender, limit) { throw .tooManyRequests(limit: limit, isOfToken: grant.token != nil) }
    }

    /// Whether one more is allowed.
    func take(_ sender: String, _ limit: Int) -> Bool {
        let now = clock()
        let most = Double(limit)
        var allowance = allowances[sender] ?? Allowance(left: most, time: now)
        allowance.left = min(most, allowance.left + Double(now - allowance.time) / 1e9 * most)
        allowance.time = now
        defer { allowances[sender] = allowance }
        if allowances.count >= Self.most { allowances = allowances.filter { now - $0.value.time < 1_000_000_000 } }
        guard allowance.left >= 1 else { return false }
        allowance.left -= 1
        return true
    }
}
