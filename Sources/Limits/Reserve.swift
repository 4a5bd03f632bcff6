internal import Synchronization

/// A resource that all requests share, such as memory for bodies or descriptors of staged files: taken while it is
/// used, then given back.
///
/// A request that gets none is not at fault and may retry soon: 503 with `Retry-After`.
package final class Reserve: Sendable {
    package let limit: Limit
    private let used = Mutex(0)

    package init(_ limit: Limit) { self.limit = limit }

    /// Takes `amount` until the share is given back, at the latest on its deinit.
    /// - Throws: `Exhausted` if less than that is left
    package func share(_ amount: Int = 1) throws(Exhausted) -> Share {
        try take(amount)
        return Share(of: self, amount)
    }

    fileprivate func take(_ amount: Int) throws(Exhausted) {
        let isTaken = used.withLock { used in
            guard amount <= limit.most - used else { return false }
            used += amount
            return true
        }
        if !isTaken { throw Exhausted(limit: limit) }
    }

    fileprivate func giveBack(_ amount: Int) { used.withLock { $0 -= amount } }

    /// All of a reserve is in use.
    package struct Exhausted: Error, Sendable, Equatable {
        package let limit: Limit

        package init(limit: Limit) { self.limit = limit }
    }

    /// A part of a reserve, held as long as this object exists.
    package final class Share: Sendable {
        private let reserve: Reserve
        private let amount: Mutex<Int>

        fileprivate init(of reserve: Reserve, _ amount: Int) {
            self.reserve = reserve
            self.amount = Mutex(amount)
        }

        deinit { giveBack() }

        /// Takes more.
        package func grow(by more: Int) throws(Exhausted) {
            try reserve.take(more)
            amount.withLock { $0 += more }
        }

        /// Gives all of it back, now rather than at the end.
        package func giveBack() {
            let held = amount.withLock { amount in
                defer { amount = 0 }
                return amount
            }
            if held > 0 { reserve.giveBack(held) }
        }
    }
}
