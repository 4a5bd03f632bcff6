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

    private let rounds = Atomic<UInt64>(1)
    private let noted = Mutex<[String: Change]>([:])

    /// The round; each taking begins a new one.
    var round: UInt64 { rounds.load(ordering: .sequentiallyConsistent) }

    /// Notes a change of a run.
    func insert(_ folder: String, _ change: Change) {
        noted.withLock { noted in
            if change == .anything || noted[folder] == nil { noted[folder] = change }
        }
    }

    /// Takes what was noted, and begins a new round: whatever is written from here on is noted again.
    func take(atMost count: Int = .max) -> [String: Change] {
        rounds.wrappingAdd(1, ordering: .sequentiallyConsistent)
        return noted.withLock { noted in
            if noted.count <= count {
                defer { noted = [:] }
                return noted
            }
            let part = noted.prefix(count)
            for (folder, _) in part { noted[folder] = nil }
            return Dictionary(uniqueKeysWithValues: part.map { ($0.key, $0.value) })
        }
    }
}
