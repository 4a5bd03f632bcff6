internal import Synchronization

/// Counters that one thread at a time adds to and any thread may read, without locked instructions.
package final class Counters: @unchecked Sendable {
    // Sendable: the pointer is constant, and each number atomic.
    private let numbers: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    package init(count: Int) {
        self.count = count
        numbers = .allocate(capacity: count)
        for index in 0..<count { (numbers + index).initialize(to: Atomic(0)) }
    }

    deinit {
        numbers.deinitialize(count: count)
        numbers.deallocate()
    }

    /// Adds to a number. To be called by one thread at a time.
    package func add(_ amount: UInt64, at index: Int) {
        let number = numbers + index
        number.pointee.store(number.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// The numbers as they are.
    package var values: [UInt64] { (0..<count).map { numbers[$0].load(ordering: .relaxed) } }
}
