internal import Limits
internal import Synchronization

/// The runs that could only be read or listed in part, and why. Read without waiting for the index.
final class UnreadableRuns: Sendable {
    private let runs = Mutex<[String: String]>([:])

    func set(_ faults: [String: String]) {
        runs.withLock { runs in if !faults.isEmpty || !runs.isEmpty { runs = faults } }
    }

    /// A description with the first few of them; nil if there is none.
    var description: String? {
        let runs = runs.withLock { $0 }
        if runs.isEmpty { return nil }
        return "\(runs.count) runs are listed only in part: "
            + runs.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.listed(atMost: 5)
    }
}
