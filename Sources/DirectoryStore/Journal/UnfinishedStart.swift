internal import LocalFiles
internal import Synchronization
internal import Threads

/// What the start of a store could not do yet for want of room on the disk. Until it is over, no write is taken.
///
/// The one that starts the store writes it, and all read it.
final class UnfinishedStart: Sendable {
    private let over = Flag()
    private let state = Mutex((reason: "", behind: Set<String>()))

    /// Whether all is done: writes are taken.
    var isOver: Bool { over.isSet }

    /// What there was no room for.
    var reason: String { state.withLock { $0.reason } }

    /// Whether acknowledged writes to a folder are in the journal only: what its files say is out of date.
    func isBehind(_ folder: String) -> Bool { !over.isSet && state.withLock { $0.behind.contains(folder) } }

    /// There was no room.
    func wait(_ failure: FileFailure, behind: Set<String>) {
        state.withLock { $0 = (failure.description, behind) }
    }

    /// All is done.
    func finish() { over.set() }
}
