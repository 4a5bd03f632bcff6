internal import LocalFiles
internal import Synchronization
internal import Threads

/// What the start of a store could not do yet for lack of room on the disk. Until it is finished, no write is accepted.
///
/// Written by the thread that starts the store, read by all.
final class UnfinishedStart: Sendable {
    private let over = Flag()
    private let state = Mutex((reason: "", behind: Set<String>()))

    /// Whether the start is finished, so that writes are accepted.
    var isOver: Bool { over.isSet }

    /// What there was no room for.
    var reason: String { state.withLock { $0.reason } }

    /// Whether acknowledged writes to a folder are only in the journal, so that its files are out of date.
    func isBehind(_ folder: String) -> Bool { !over.isSet && state.withLock { $0.behind.contains(folder) } }

    /// Notes that there was no room.
    func wait(_ failure: FileFailure, behind: Set<String>) {
        state.withLock { $0 = (failure.description, behind) }
    }

    /// Notes that the start is finished.
    func finish() { over.set() }
}
