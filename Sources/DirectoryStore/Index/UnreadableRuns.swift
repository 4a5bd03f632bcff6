internal import Limits
internal import Synchronization

/// The runs of which not all could be read or listed, and why. Asked for without waiting for the index.
final class UnreadableRuns: Sendable {
    private let runs = Mutex<[String: String]>([:])

    func set(_ faults: [String: String]) {
        runs.withLock { runs in if !faults.isEmpty || !runs.isEmpty { runs = faults } }
    }

    /// The first few of them in words; nil where there is none.
    var description: String? {
        let runs = runs.withLock { $0 }
        if runs.isEmpty { return nil }
        return "of \(runs.count) runs not all is listed: "
            + runs.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.listed(atMost: 5)
    }
}
