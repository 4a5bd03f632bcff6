internal import Synchronization
internal import Threads

/// Decides which of two threads polls: the one that holds the lease. The holder lends it out during work that may take
/// long. If the work is done soon, the holder has the lease back, at the cost of two atomic operations. If not, the
/// other thread takes it.
final class PollingLease: Sendable {
    /// How long a loan lasts before the other thread takes the lease, nanoseconds.
    static let patience: UInt64 = 4_000_000

    /// How long the standby thread may sleep, nanoseconds.
    private static let longestSleep: UInt64 = 200_000_000

    /// 0: the lease is held. Otherwise it is lent, and this is the loan's number.
    private let loan = Atomic<UInt64>(0)
    private let loans = Atomic<UInt64>(0)

    /// Lends the lease out while `work` runs. Called by the holder.
    /// - Returns: whether the holder has the lease again
    func lend(during work: () -> Void) -> Bool {
        let number = loans.wrappingAdd(1, ordering: .relaxed).newValue
        loan.store(number, ordering: .releasing)
        work()
        return end(number)
    }

    /// Waits until a loan lasts longer than `patience`, and takes the lease. Called by the other thread.
    /// - Returns: false if `stopped` was opened first
    func takeOverdue(unless stopped: Gate) -> Bool {
        var (seen, counted): (UInt64, UInt64) = (0, 0)
        var interval = Self.patience
        repeat {
            let number = loan.load(ordering: .acquiring)
            if number != 0, number == seen, end(number) { return true }
            seen = number
            // Checks less and less often while nothing is lent: an idle server hardly wakes up.
            let lent = loans.load(ordering: .relaxed)
            interval = lent == counted ? min(interval * 2, Self.longestSleep) : Self.patience
            counted = lent
        } while !stopped.wait(seconds: Double(interval) / 1e9)
        return false
    }

    /// Ends a loan, unless the other thread did.
    private func end(_ number: UInt64) -> Bool {
        loan.compareExchange(expected: number, desired: 0, ordering: .acquiringAndReleasing).exchanged
    }
}
