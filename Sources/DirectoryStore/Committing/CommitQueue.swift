internal import RunStore
internal import Synchronization

/// The writes that wait for the next commit. A thread commits them if no other thread is committing.
final class CommitQueue: Sendable {
    /// What waits.
    enum Entry: Sendable {
        case write(PendingWrite)
        /// An operation that must not run between a write's plan and its steps, such as sealing the journal.
        case exclusive(@Sendable (Committer) -> Void)
    }

    private struct State {
        var waiting: [Entry] = []
        var isCommitting = false
        var isStopped = false
    }

    /// The most entries that may wait.
    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var isWaiting: Bool { state.withLock { !$0.waiting.isEmpty && !$0.isCommitting } }

    /// Adds a write.
    /// - Returns: why not, or nil
    func add(_ entry: Entry) -> StoreError? {
        state.withLock { state in
            if case .write = entry {
                if state.isStopped { return .stopping }
                if state.waiting.count >= limit { return .overloaded }
            }
            state.waiting.append(entry)
            return nil
        }
    }

    /// Takes no more writes.
    func stop() { state.withLock { $0.isStopped = true } }

    /// Takes all waiting entries and passes them to `commit`; does nothing if another thread is committing.
    func drain(_ commit: ([Entry]) -> Void) {
        let batch: [Entry] = state.withLock { state in
            if state.isCommitting || state.waiting.isEmpty { return [] }
            state.isCommitting = true
            defer { state.waiting = [] }
            return state.waiting
        }
        if batch.isEmpty { return }
        commit(batch)
        state.withLock { $0.isCommitting = false }
    }
}

/// A waiting write, with the callback for its result. An object, since it is handed on several times.
final class PendingWrite: Sendable {
    let write: RunWrite
    let completion: @Sendable (Result<WriteOutcome, StoreError>) -> Void

    init(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void) {
        (self.write, self.completion) = (write, completion)
    }
}
