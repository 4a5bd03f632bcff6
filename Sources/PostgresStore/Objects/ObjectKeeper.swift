internal import RunStore
internal import Synchronization
internal import Threads

/// Whether the object store answered when it was last used.
final class ObjectReachability: Sendable {
    private let reason = Mutex<String?>(nil)

    /// - Parameter error: nil: it answered. Errors that do not come from the object store are ignored
    func note(_ error: StoreError?) {
        switch error {
        case nil: reason.withLock { $0 = nil }
        case .objectsUnreachable(let text): reason.withLock { $0 = text }
        default: break
        }
    }

    /// Small files and everything else are still stored.
    var warnings: [StoreHindrance] {
        reason.withLock(\.self).map {
            [
                StoreHindrance(
                    name: "artifacts-unreachable", detail: "large files cannot be stored or read at present: \($0)")
            ]
        } ?? []
    }
}

/// Removes objects that no file names, and notices when the object store goes away and comes back.
final class ObjectKeeper: Sendable {
    private let objects: any ObjectStore
    private let pool: ConnectionPool
    private let reachability: ObjectReachability
    private let removalSeconds: Double
    private let isClosed = Monitor(false)
    private let thread = Mutex<Thread?>(nil)

    /// Seconds between two checks that the object store answers; fewer while it does not.
    private static let lookSeconds = (usual: 30.0, failed: 1.0)

    /// The number of failures that ends a round of removals.
    private static let mostFailures = 3

    /// - Parameter removalSeconds: between two rounds of removals
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
                // Whatever could not be removed is tried again in the next round.
                try? remove()
            }
        }
    }

    /// - Returns: true if the keeper has to end
    private func pauses(_ seconds: Double) -> Bool { isClosed.wait(seconds: seconds) { $0 ? true : nil } ?? false }

    private func remove() throws(StoreError) {
        while !isClosed.withLock({ $0 }) {
            let rows = try pool.read { connection throws(DatabaseError) in
                let rows = try connection.run(ObjectNotes.mark)
                return (0..<rows.count).map { (rows.text($0, 0), rows.text($0, 1), rows.bool($0, 2)) }
            }
            if rows.isEmpty { return }
            var failures = 0
            // In random order, so that objects that cannot be removed do not block the others. A few failures end the
            // round.
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
            // The failed ones would be returned again at once.
            if failures > 0 { return }
        }
    }
}
