internal import Synchronization

/// What one body, archive, document or import may use, counted while it is read.
///
/// Every reader of input draws on a budget before it acts: before it stores bytes, makes a folder or descends a level.
/// Announced amounts are only compared (`allow`), never trusted: what is actually read counts.
///
/// ```swift
/// let budget = Budget([Limit(.bytes, most: 4 << 30, setting: "--max-upload"), Limit(.entries, most: 100_000)])
/// try budget.allow(entry.announcedSize, of: .bytes)
/// try budget.take(1, of: .entries)
/// try entry.read { part in try budget.take(part.count, of: .bytes) }
/// ```
///
/// A quantity without a limit is not counted. Thread-safe: a body may be written by one thread and unpacked by another.
package final class Budget: Sendable {
    private struct Count: Sendable {
        let limit: Limit
        var used = 0
    }

    private let counts: Mutex<[Limit.Quantity: Count]>

    /// - Parameter limits: at most one for each quantity
    package init(_ limits: [Limit]) {
        counts = Mutex(Dictionary(uniqueKeysWithValues: limits.map { ($0.quantity, Count(limit: $0)) }))
    }

    /// Counts `amount`, 0 or more.
    /// - Throws: `LimitExceeded` if that is more than is left; then nothing is counted
    package func take(_ amount: Int = 1, of quantity: Limit.Quantity) throws(LimitExceeded) {
        let exceeded: LimitExceeded? = counts.withLock { counts in
            guard var count = counts[quantity] else { return nil }
            guard amount <= count.limit.most - count.used else { return LimitExceeded(count.limit) }
            count.used += amount
            counts[quantity] = count
            return nil
        }
        if let exceeded { throw exceeded }
    }

    /// Gives back what is no longer used, such as a level that was left.
    package func giveBack(_ amount: Int = 1, of quantity: Limit.Quantity) {
        counts.withLock { $0[quantity]?.used -= amount }
    }

    /// Refuses an announced amount if it is more than is left; counts nothing.
    package func allow(_ amount: Int, of quantity: Limit.Quantity) throws(LimitExceeded) {
        let limit: Limit? = counts.withLock { counts in
            guard let count = counts[quantity], amount > count.limit.most - count.used else { return nil }
            return count.limit
        }
        if let limit { throw LimitExceeded(limit) }
    }

    /// How much is left; nil if the quantity has no limit.
    package func left(of quantity: Limit.Quantity) -> Int? {
        counts.withLock { counts in counts[quantity].map { $0.limit.most - $0.used } }
    }

    /// The limit of a quantity; nil if it has none.
    package func limit(of quantity: Limit.Quantity) -> Limit? { counts.withLock { $0[quantity]?.limit } }
}
