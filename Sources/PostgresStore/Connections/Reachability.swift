internal import RunStore
internal import Synchronization

/// Whether the database answered when it was last used.
final class Reachability: Sendable {
    private let failure = Mutex<DatabaseError?>(nil)

    /// - Parameter error: nil: it answered
    func note(_ error: DatabaseError?) { failure.withLock { $0 = error } }

    /// Notes that the database answered. That does not show whether its disk has room.
    /// - Returns: false if a write found the disk full, which stays noted
    func noteAnswer() -> Bool {
        failure.withLock { failure in
            if failure?.isFull ?? false { return false }
            failure = nil
            return true
        }
    }

    var hindrances: [StoreHindrance] {
        guard let failure = failure.withLock(\.self) else { return [] }
        return [
            StoreHindrance(
                name: failure.isFull ? "disk-full" : "store-unreachable",
                detail: failure.isFull
                    ? "the database has no room on its disk"
                    : "the database cannot be reached, or takes no writes at present")
        ]
    }
}
