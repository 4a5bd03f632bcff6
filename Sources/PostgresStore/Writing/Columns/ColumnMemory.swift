internal import Synchronization

/// What a server knows of the columns of rows that it wrote, by their content, so that rows of known names need no look
/// into the database. Others may have been added by other servers.
final class ColumnMemory: Sendable {
    /// Names that are held, of all contents: about 100 MB. With more, all others are forgotten.
    private static let most = 1_000_000
    /// What a content counts beside its names.
    private static let overhead = 8

    private struct State: Sendable {
        var known: [Int: RowColumns] = [:]
        var size = 0
    }

    private let state = Mutex(State())

    subscript(content: Int) -> RowColumns? { state.withLock { $0.known[content] } }

    /// Notes what the database has, after a commit.
    func note(_ columns: RowColumns, of content: Int) {
        state.withLock { state in
            let there = state.known[content]
            // A later batch may have been told of its commit sooner.
            if let there, there.nameCount > columns.nameCount { return }
            state.size += columns.nameCount - (there?.nameCount ?? -Self.overhead)
            state.known[content] = columns
            guard state.size > Self.most else { return }
            state.known = [content: columns]
            state.size = columns.nameCount + Self.overhead
        }
    }

    /// The database may be another one now, in an earlier state: a standby that was promoted.
    func forgetAll() { state.withLock { $0 = State() } }
}
