internal import Synchronization

/// What one body, archive, document or import may take, counted while it arrives.
///
/// Every reader of input draws on a budget before it acts: before it stores the bytes, makes the folder or descends a
/// level. What the input announces is only compared (`allow`), never trusted: what is read counts.
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
    /// - Throws: `LimitExceeded` where that is more than is left; nothing is counted then
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

    /// Gives back what was taken and is used no more, such as a level that was left.
    package func giveBack(_ amount: Int = 1, of quantity: Limit.Quantity) {
        counts.withLock { $0[quantity]?.used -= amount }
    }

    /// Refuses what is announced where it is more than is left; counts nothing.
    package func allow(_ amount: Int, of quantity: Limit.Quantity) throws(LimitExceeded) {
        let limit: Limit? = counts.withLock { counts in
            guard let count = counts[quantity], amount > count.limit.most - count.used else { return nil }
            return count.limit
        }
        if let limit { throw LimitExceeded(limit) }
    }

    /// How much is left; nil where the quantity has no limit.
    package func left(of quantity: Limit.Quantity) -> Int? {
        counts.withLock { counts in counts[quantity].map { $0.limit.most - $0.used } }
    }

    /// The limit of a quantity; nil where it has none.
    package func limit(of quantity: Limit.Quantity) -> Limit? { counts.withLock { $0[quantity]?.limit } }
}
