internal import Synchronization
internal import Threads

extension RunStore {
    /// Asks for writes, and waits until all have been done or refused. For threads that may block, which commit nothing
    /// themselves where someone does so by trade.
    /// - Parameter wake: wakes the one who commits by trade
    /// - Returns: what came of each, in order
    package func submitAndWait(
        _ writes: [RunWrite], wake: @Sendable () -> Void
    ) -> [Result<WriteOutcome, StoreError>] {
        // Not all at once: others' writes come in between, and the queue is not filled.
        let part = 64
        return stride(from: 0, to: writes.count, by: part).flatMap { start in
            let replies = Replies(count: min(part, writes.count - start))
            for index in 0..<replies.count {
                submit(writes[start + index]) { replies.set(index, $0) }
            }
            wake()
            // Nobody may commit by trade any more, when the server stops.
            while !replies.areThere(within: 1) { (self as? any GroupCommit)?.commit() }
            return replies.all
        }
    }
}

/// What came of writes, once all of it is there.
private final class Replies: Sendable {
    let count: Int
    private let replies: Mutex<[Result<WriteOutcome, StoreError>?]>
    private let left: Atomic<Int>
    private let done = Doorbell()

    init(count: Int) {
        self.count = count
        replies = Mutex(Array(repeating: nil, count: count))
        left = Atomic(count)
    }

    func set(_ index: Int, _ reply: Result<WriteOutcome, StoreError>) {
        replies.withLock { $0[index] = reply }
        if left.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done.ring() }
    }

    func areThere(within seconds: Double) -> Bool {
        if left.load(ordering: .acquiring) > 0 { done.wait(seconds: seconds) }
        return left.load(ordering: .acquiring) == 0
    }

    var all: [Result<WriteOutcome, StoreError>] { replies.withLock { $0.compactMap(\.self) } }
}
