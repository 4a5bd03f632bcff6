internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore
internal import Synchronization

/// Drops pending runs that have waited for too long, and logs it. Each server tries; the database decides which one
/// does it.
final class OldPending: Sendable {
    private let age: Double
    private let committer: Committer
    private let log: Logger
    private let count = Atomic<Int>(0)

    /// - Parameter age: seconds without a write
    init(after age: Double, _ committer: Committer, _ log: Logger) {
        (self.age, self.committer, self.log) = (age, committer, log)
    }

    /// How many this server has dropped.
    var droppedCount: Int { count.load(ordering: .relaxed) }

    /// The most that are dropped at a time, so that other writes get their turn.
    private static let most = 1000
    /// Seconds until the next ones are dropped.
    private static let pause = 1.0

    /// Asks to purge what is too old, the most recent first: otherwise those that cannot be dropped would come first
    /// each time.
    /// - Returns: seconds until the next check
    func drop(on connection: Connection) throws(DatabaseError) -> Double {
        let rows = try connection.run(
            Statement(
                "SELECT run FROM runs WHERE place = 3 AND modified <= $1 ORDER BY modified DESC LIMIT $2",
                .double(wallClock() - age), .int(Self.most)))
        for row in 0..<rows.count {
            guard let target = RunTarget(key: rows.text(row, 0)) else { continue }
            committer.submit(RunWrite(target, .purgePending(unchangedFor: age))) { self.note(target, $0) }
        }
        return rows.count < Self.most ? PendingDrop.interval(age) : Self.pause
    }

    private func note(_ target: RunTarget, _ result: Result<WriteOutcome, StoreError>) {
        switch PendingDrop(target, after: age, result) {
        case .dropped(let words):
            count.add(1, ordering: .relaxed)
            log.notice("\(words)")
        case .stays: return
        case .failed(let words): log.warning("\(words)")
        }
    }
}
