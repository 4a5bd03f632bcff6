internal import RunStore
internal import Synchronization
internal import Threads

/// Whether the object store answers, as whoever used it last found.
final class ObjectReachability: Sendable {
    private let reason = Mutex<String?>(nil)

    /// - Parameter error: nil: it answered; what is no fault of the object store's is passed over
    func note(_ error: StoreError?) {
        switch error {
        case nil: reason.withLock { $0 = nil }
        case .objectsUnreachable(let text): reason.withLock { $0 = text }
        default: break
        }
    }

    /// Small files and all else are stored meanwhile.
    var warnings: [StoreHindrance] {
        reason.withLock(\.self).map {
            [
                StoreHindrance(
                    name: "artifacts-unreachable", detail: "large files cannot be stored or read at present: \($0)")
            ]
        } ?? []
    }
}

/// Removes the objects that no file has, and notices when the object store goes and comes back.
final class ObjectKeeper: Sendable {
    private let objects: any ObjectStore
    private let pool: ConnectionPool
    private let reachability: ObjectReachability
    private let removalSeconds: Double
    private let isClosed = Monitor(false)
    private let thread = Mutex<Thread?>(nil)

    /// Seconds between two looks whether the object store answers; fewer while it does not.
    private static let lookSeconds = (usual: 30.0, failed: 1.0)

    /// Removals that fail before a round of them ends.
    private static let mostFailures = 3

    /// - Parameter removalSeconds: between two removals
    init(_ objects: any ObjectStore, pool: ConnectionPool, reachability: ObjectReachability, removalSeconds: Double) {
        (self.objects, self.pool, self.reachability) = (objects, pool, reachability)
        self.removalSeconds = removalSeconds
        let thread = Thread(named: "object keeper") { self.work() }
        self.thread.withLock { $0 = thread }
    }

    func close() {
        isClosed.changeForAll { $0 = true }
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    private func work() {
        var (looked, removed) = (monotonicNanoseconds(), monotonicNanoseconds())
        while true {
            let look = reachability.warnings.isEmpty ? Self.lookSeconds.usual : Self.lookSeconds.failed
            if pauses(min(look, removalSeconds)) { return }
            let now = monotonicNanoseconds()
            if Double(now - looked) >= look * 1e9 {
                looked = now
                reachability.note(objects.hindrance().map { .objectsUnreachable($0) })
            }
            if Double(now - removed) >= removalSeconds * 1e9 {
                removed = now
                // What could not be removed is tried again the next time.
                try? remove()
            }
        }
    }

    /// - Returns: whether the keeper is to end
    private func pauses(_ seconds: Double) -> Bool { isClosed.wait(seconds: seconds) { $0 ? true : nil } ?? false }

    private func remove() throws(StoreError) {
        while !isClosed.withLock({ $0 }) {
            let rows = try pool.read { connection throws(DatabaseError) in
                let rows = try connection.run(ObjectNotes.mark)
                return (0..<rows.count).map { (rows.text($0, 0), rows.text($0, 1), rows.bool($0, 2)) }
            }
            if rows.isEmpty { return }
            var failures = 0
            // One that cannot be removed does not keep the others: in no order, and a few failures end the round.
            for (run, name, wasNamed) in rows.shuffled() {
                do throws(StoreError) { try objects.remove(name, isComplete: wasNamed) } catch {
                    reachability.note(error)
                    failures += 1
                    if failures == Self.mostFailures { throw error }
                    continue
                }
                _ = try pool.read { connection throws(DatabaseError) in
                    try connection.run(ObjectNotes.forget(run, name))
                }
            }
            // Those that failed would come again at once.
            if failures > 0 { return }
        }
    }
}
