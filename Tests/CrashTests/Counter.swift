import Synchronization

/// Counts for several threads.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    /// Counts some more.
    /// - Returns: how many there are now
    @discardableResult
    func increment(by more: Int = 1) -> Int {
        count.withLock {
            $0 += more
            return $0
        }
    }
}
