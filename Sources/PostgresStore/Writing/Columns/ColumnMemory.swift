internal import Synchronization

/// The names of the columns of rows that this server wrote, by content, so that rows with known names need no query.
/// Other servers may have added more.
final class ColumnMemory: Sendable {
    /// The most names that are held, over all contents: about 100 MB. Beyond that, all other contents are forgotten.
    private static let most = 1_000_000
    /// What a content counts in addition to its names.
    private static let overhead = 8

    private struct State: Sendable {
        var known: [Int: RowColumns] = [:]
        var size = 0
    }

    private let state = Mutex(State())

    subscript(content: Int) -> RowColumns? { state.withLock { $0.known[content] } }

    /// Records the stored columns after a commit.
    func note(_ columns: RowColumns, of content: Int) {
        state.withLock { state in
            let there = state.known[content]
            // A later batch may have recorded its commit first.
            if let there, there.nameCount > columns.nameCount { return }
            state.size += columns.nameCount - (there?.nameCount ?? -Self.overhead)
            state.known[content] = columns
            guard state.size > Self.most else { return }
            state.known = [content: columns]
            state.size = columns.nameCount + Self.overhead
        }
    }

    /// For a new connection: it may be to another database, in an earlier state, such as a standby that was promoted.
    func forgetAll() { state.withLock { $0 = State() } }
}
