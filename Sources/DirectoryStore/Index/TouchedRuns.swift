internal import Synchronization

/// The runs that were written to since the index was last updated with them.
///
/// For a row this costs one comparison: a log knows in which round it was last noted, and is noted again only after the
/// index has taken the notes so far.
final class TouchedRuns: Sendable {
    /// What changed in a run.
    enum Change: Sendable {
        /// Rows were added, and nothing else.
        case rows
        case anything
    }

    private struct Noted {
        var changes: [String: Change] = [:]
        /// Their folders, the longest waiting first.
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
    /// Notes since the last take. The committer waits for this lock, most of all right after a round has begun, when
    /// low-priority threads hold it: so it is held only for a few instructions.
    private let noted = Mutex(Noted())
    /// Earlier notes that are not taken yet.
    private let waiting = Mutex(Noted())

    /// The round; each take begins a new one.
    var round: UInt64 { rounds.load(ordering: .sequentiallyConsistent) }

    /// The number of waiting runs; one that was written to again counts twice.
    var count: Int { waiting.withLock { $0.folders.count } + noted.withLock { $0.folders.count } }

    /// Notes a change of a run.
    func insert(_ folder: String, _ change: Change) { noted.withLock { $0.insert(folder, change) } }

    /// Takes the earliest notes, and begins a new round: writes from now on are noted again.
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
