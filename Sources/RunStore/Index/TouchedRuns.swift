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
    }

    private let rounds = Atomic<UInt64>(1)
    private let noted = Mutex(Noted())

    /// The round; each taking begins a new one.
    var round: UInt64 { rounds.load(ordering: .sequentiallyConsistent) }

    /// How many runs wait.
    var count: Int { noted.withLock { $0.folders.count } }

    /// Notes a change of a run.
    func insert(_ folder: String, _ change: Change) {
        noted.withLock { noted in
            let before = noted.changes[folder]
            if before == nil { noted.folders.append(folder) }
            if before == nil || change == .anything { noted.changes[folder] = change }
        }
    }

    /// Takes what was noted first, and begins a new round: whatever is written from here on is noted again.
    func take(atMost count: Int = .max) -> [String: Change] {
        rounds.wrappingAdd(1, ordering: .sequentiallyConsistent)
        return noted.withLock { noted in
            if noted.folders.count <= count {
                defer { noted = Noted() }
                return noted.changes
            }
            var part: [String: Change] = [:]
            for folder in noted.folders.prefix(count) { part[folder] = noted.changes.removeValue(forKey: folder) }
            noted.folders.removeFirst(count)
            return part
        }
    }
}
