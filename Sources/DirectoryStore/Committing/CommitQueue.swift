internal import RunStore
internal import Synchronization

/// The writes that wait for the next commit, and the one rule about who commits: whoever finds nobody at it.
final class CommitQueue: Sendable {
    /// What waits.
    enum Entry: Sendable {
        case write(PendingWrite)
        /// Something that must not happen between a write's plan and its steps, such as sealing the journal.
        case exclusive(@Sendable (Committer) -> Void)
    }

    private struct State {
        var waiting: [Entry] = []
        var isCommitting = false
        var isStopped = false
    }

    /// Entries that may wait.
    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var isWaiting: Bool { state.withLock { !$0.waiting.isEmpty && !$0.isCommitting } }

    /// Adds a write.
    /// - Returns: why not, if not
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

    /// Takes all that waits and lets `commit` do it; does nothing when another thread is at it.
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

/// A write that waits, with who is to be told what came of it. One object, since it is handed on several times.
final class PendingWrite: Sendable {
    let write: RunWrite
    let completion: @Sendable (Result<WriteOutcome, StoreError>) -> Void

    init(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void) {
        (self.write, self.completion) = (write, completion)
    }
}
