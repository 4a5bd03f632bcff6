internal import Synchronization

/// The runs that were written to since the index was brought up to date with them.
///
/// On the way of a row this is one look at a number: a log knows in which round it was noted last, and is noted again only
/// once the index has taken what was noted so far.
final class TouchedRuns: Sendable {
    /// What changed in a run.
    enum Change: Sendable {
        /// Rows were added, and nothing else.
        case rows
        case anything
    }

    private struct Noted {
        var changes: [String: Change] = [:]
        /// Their folders, those first that have waited longest.
        var folders: [String] = []

        mutating func insert(_ folder: String, _ change: Change) {
            let before = changes[folder]
            if before == nil { folders.append(folder) }
            if before == nil || change == .anything { changes[folder] = change }
        }

        mutating func removeFirst(_ count: Int) -> [String: Change] {
            var part: [String: Change] = [:]
            for folder in folders.prefix(count) { part[folder] = changes.removeValue(forKey: folder) }
            folders.removeFirst(part.count)
            return part
        }
    }

    private let rounds = Atomic<UInt64>(1)
    /// What has come since the last taking. The one that commits waits for this lock, and all the more right after a round has
    /// begun, when threads that others run before have it: it is held for a few instructions only.
    private let noted = Mutex(Noted())
    /// What was noted before that and is not taken yet.
    private let waiting = Mutex(Noted())

    /// The round; each taking begins a new one.
    var round: UInt64 { rounds.load(ordering: .sequentiallyConsistent) }

    /// How many runs wait; one that was written to again counts twice.
    var count: Int { waiting.withLock { $0.folders.count } + noted.withLock { $0.folders.count } }

    /// Notes a change of a run.
    func insert(_ folder: String, _ change: Change) { noted.withLock { $0.insert(folder, change) } }

    /// Takes what was noted first, and begins a new round: whatever is written from here on is noted again.
    func take(atMost count: Int = .max) -> [String: Change] {
        waiting.withLock { waiting in
            rounds.wrappingAdd(1, ordering: .sequentiallyConsistent)
            var new = Noted()
            noted.withLock { swap(&$0, &new) }
            if waiting.folders.isEmpty { swap(&waiting, &new) }
            for folder in new.folders { waiting.insert(folder, new.changes[folder] ?? .anything) }
            return waiting.removeFirst(min(count, waiting.folders.count))
        }
    }
}
