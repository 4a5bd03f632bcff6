internal import DequeModule
internal import LocalFiles
package import RunMetadata
internal import Synchronization
internal import Threads

/// The feed of a store that makes all changes in this process. It keeps the latest of them in memory.
///
/// Without watchers, a commit only reads a flag. With watchers, the changes of a batch are appended under one lock,
/// rows unchanged, and a bell is rung. Changes that are not taken are dropped beyond a limit.
///
/// Changes get their numbers when they are taken, those of one run consecutively, so that they can be reported
/// together. Each time watching begins, numbers start again in a new series.
package final class LocalChangeFeed: ChangeFeed {
    private struct Waiting: Sendable {
        var changes: [RunChange] = []
        var isIncomplete = false
        var bytes = 0
    }

    /// The most recently taken changes.
    private struct History: Sendable {
        var changes: Deque<ToldChange> = []
        var bytes = 0
        var position = ChangeID(series: "0", number: 0)

        init() {}

        /// Begins a series, named by the time.
        init(beginning seconds: Double) {
            position = ChangeID(series: String(UInt64(seconds * 1000), radix: 36), number: 0)
        }
    }

    /// The most bytes of rows, and the most changes, that wait to be taken.
    private static let bytes = 16 << 20
    private static let count = 200_000
    /// About how many bytes of taken changes are kept, and the bytes of a change beside its rows.
    private let keptBytes: Int
    private static let overhead = 100

    private let watched = Atomic<Bool>(false)
    private let waiting = Mutex(Waiting())
    private let history = Mutex(History())
    private let bell = Doorbell()
    private let followers = Mutex<Followers?>(nil)

    /// Callbacks that learn which runs are watched.
    package struct Followers: Sendable {
        /// A run; nil: all runs.
        let follow: @Sendable (RunID?) -> Void
        let forgetAll: @Sendable () -> Void

        package init(follow: @escaping @Sendable (RunID?) -> Void, forgetAll: @escaping @Sendable () -> Void) {
            (self.follow, self.forgetAll) = (follow, forgetAll)
        }
    }

    /// - Parameter keptBytes: about how many bytes of taken changes are kept
    package init(keptBytes: Int = 4 << 20) { self.keptBytes = keptBytes }

    /// Sets what looks for changes by other programs.
    package func onFollowing(_ followers: Followers?) { self.followers.withLock { $0 = followers } }

    package func follow(_ run: RunID?) { followers.withLock { $0 }?.follow(run) }

    /// Whether anyone watches.
    package var isWatched: Bool { watched.load(ordering: .relaxed) }

    package func watch(_ isWatched: Bool) {
        waiting.withLock { $0 = Waiting() }
        history.withLock { $0 = isWatched ? History(beginning: wallClock()) : History() }
        watched.store(isWatched, ordering: .releasing)
        if !isWatched { followers.withLock { $0 }?.forgetAll() }
    }

    package func wait(seconds: Double?) {
        if let seconds { bell.wait(seconds: seconds) } else { bell.wait() }
    }

    package func ring() { bell.ring() }

    // MARK: Changes

    /// Adds the changes of a batch.
    package func append(_ changes: [RunChange]) {
        if changes.isEmpty { return }
        waiting.withLock { state in
            for change in changes {
                let size = change.size
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

    package func take() -> TakenChanges {
        history.withLock { history in
            let new = waiting.withLock { state in
                defer { state = Waiting() }
                return state
            }
            if new.isIncomplete {
                // Changes after earlier ids are lost, so those ids no longer continue.
                history.position = ChangeID(
                    series: history.position.series,
                    number: history.position.number + UInt64(new.changes.count) + 1)
                (history.changes, history.bytes) = ([], 0)
                return TakenChanges(isIncomplete: true)
            }
            let taken = Self.grouped(new.changes).enumerated().map { index, change in
                ToldChange(
                    id: ChangeID(
                        series: history.position.series, number: history.position.number + UInt64(index) + 1),
                    change: change)
            }
            guard let last = taken.last else { return TakenChanges() }
            history.position = last.id
            history.changes += taken
            history.bytes += taken.reduce(0) { $0 + $1.change.size + Self.overhead }
            var dropped = 0
            while history.bytes > keptBytes, dropped < history.changes.count {
                history.bytes -= history.changes[dropped].change.size + Self.overhead
                dropped += 1
            }
            history.changes.removeFirst(dropped)
            return TakenChanges(taken)
        }
    }

    /// The changes, those of each run consecutively and in their order.
    private static func grouped(_ changes: [RunChange]) -> [RunChange] {
        var places: [RunID: Int] = [:]
        var groups: [[RunChange]] = []
        for change in changes {
            if let place = places[change.run] {
                groups[place].append(change)
            } else {
                places[change.run] = groups.count
                groups.append([change])
            }
        }
        return Array(groups.joined())
    }

    package var position: ChangeID { history.withLock { $0.position } }

    package func changes(after id: ChangeID, of run: RunID?) -> [ToldChange]? {
        history.withLock { history in
            guard id.series == history.position.series, id.number <= history.position.number else { return nil }
            let firstKept = history.changes.first?.id.number ?? history.position.number + 1
            guard id.number + 1 >= firstKept else { return nil }
            return history.changes.filter { $0.id.number > id.number && (run == nil || $0.change.run == run) }
        }
    }
}

extension RunChange {
    /// Bytes of rows or output.
    fileprivate var size: Int {
        switch kind {
        case .rows(let rows): rows.count
        case .output(let output): output.bytes?.count ?? 0
        default: 0
        }
    }
}
