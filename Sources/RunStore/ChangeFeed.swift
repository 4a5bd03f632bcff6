package import RunMetadata
internal import Synchronization
internal import Threads

/// Hands on what has happened from the thread that commits to the one that tells readers of it.
///
/// While nobody watches, it costs the one that commits a look at a flag. While somebody does, a batch's changes are
/// appended under one lock, the rows as they are, and a bell is rung. What nobody takes is dropped beyond a limit.
package final class ChangeFeed: Sendable {
    /// What has come since the last time.
    package struct Taken: Sendable {
        package var changes: [RunChange] = []
        /// Whether some were dropped.
        package var isIncomplete = false
        fileprivate var bytes = 0
    }

    /// Bytes of rows, and changes, that may wait.
    private static let bytes = 16 << 20
    private static let count = 200_000

    private let watched = Atomic<Bool>(false)
    private let waiting = Mutex(Taken())
    private let bell = Doorbell()
    private let followers = Mutex<Followers?>(nil)

    /// Told which runs somebody watches.
    package struct Followers: Sendable {
        /// A run, or all of them where it is nil.
        let follow: @Sendable (RunID?) -> Void
        let forgetAll: @Sendable () -> Void

        package init(follow: @escaping @Sendable (RunID?) -> Void, forgetAll: @escaping @Sendable () -> Void) {
            (self.follow, self.forgetAll) = (follow, forgetAll)
        }
    }

    package init() {}

    /// Names the one who looks for what something else does to runs.
    package func onFollowing(_ followers: Followers?) { self.followers.withLock { $0 = followers } }

    /// From now on, what something else does to a run is told too, or to all of them where it is nil. May read their directories.
    package func follow(_ run: RunID?) { followers.withLock { $0 }?.follow(run) }

    /// Whether somebody watches.
    package var isWatched: Bool { watched.load(ordering: .relaxed) }

    /// Begins or ends to gather. What was gathered before is forgotten.
    package func watch(_ isWatched: Bool) {
        waiting.withLock { $0 = Taken() }
        watched.store(isWatched, ordering: .releasing)
        if !isWatched { followers.withLock { $0 }?.forgetAll() }
    }

    /// Takes what has come.
    package func take() -> Taken {
        waiting.withLock { state in
            defer { state = Taken() }
            return state
        }
    }

    /// Waits until something has come or somebody rings, some seconds at most; nil: as long as it takes.
    package func wait(seconds: Double?) {
        if let seconds { bell.wait(seconds: seconds) } else { bell.wait() }
    }

    /// Wakes whoever waits.
    package func ring() { bell.ring() }

    /// Adds what a batch has changed.
    package func append(_ changes: [RunChange]) {
        if changes.isEmpty { return }
        waiting.withLock { state in
            for change in changes {
                let size =
                    switch change.kind {
                    case .rows(let rows): rows.count
                    case .output(let output): output.bytes?.count ?? 0
                    default: 0
                    }
                if state.bytes + size > Self.bytes || state.changes.count >= Self.count {
                    state.isIncomplete = true
                    continue
                }
                state.bytes += size
                state.changes.append(change)
            }
        }
        bell.ring()
    }
}
