internal import Synchronization
internal import Threads

extension RunStore {
    /// Submits writes and waits for the results; blocks. A registered committer commits them.
    /// - Parameter wake: wakes the committer
    /// - Returns: the results, in order
    package func submitAndWait(
        _ writes: [RunWrite], wake: @Sendable () -> Void
    ) -> [Result<WriteOutcome, StoreError>] {
        // Not all at once, so that others' writes come in between, and the queue does not fill up.
        let part = 64
        return stride(from: 0, to: writes.count, by: part).flatMap { start in
            let replies = Replies(count: min(part, writes.count - start))
            for index in 0..<replies.count {
                submit(writes[start + index]) { replies.set(index, $0) }
            }
            wake()
            // When the server stops, no committer may be registered any more.
            while !replies.areThere(within: 1) { (self as? any GroupCommit)?.commit() }
            return replies.all
        }
    }
}

/// The results of writes, once all are there.
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
