internal import LocalFiles
internal import Logging
internal import RunStore
internal import Threads

/// The store's housekeeping, on a thread of its own: refreshes lagging `metrics.json` files, and makes checkpoints.
final class StoreKeeper: @unchecked Sendable {
    // Sendable: `thread` is set once, before the keeper is shared; only the keeper's thread uses `spares`, and `stop()`
    // after its end; the rest is constant.

    /// Seconds after which a journal that is not full is checkpointed too.
    private static let checkpointAge: Double = 60

    /// Retained until `stop()`: a store has to be closed.
    private let store: DirectoryRunStore
    private let sealed: SealedSegments
    private let deleted: DeletedFolders
    private let bell: Doorbell
    private let stopping = Flag()
    /// For checkpoints when all other descriptors are in use.
    private let spares = SpareDescriptors(count: 4)
    private var thread: Thread?

    init(store: DirectoryRunStore, sealed: SealedSegments, deleted: DeletedFolders, bell: Doorbell) {
        (self.store, self.sealed, self.deleted, self.bell) = (store, sealed, deleted, bell)
        // Idle priority: frames are views, and segments may pile up, so both can wait for requests and clients.
        thread = Thread(named: "keeper", .idle) { self.keep() }
    }

    /// Ends the thread; then refreshes lagging views and makes the last checkpoint.
    func stop() {
        stopping.set()
        bell.ring()
        thread?.join()
        // Unapplied writes stay in the journal.
        guard store.isOpen else { return }
        for folder in store.views.folders { refresh(folder) }
        store.exclusively { $0.sealSegment() }
        checkpoint()
        store.exclusively { $0.removeEmptySegment() }
    }

    private func keep() {
        finishStart()
        var lastCheckpoint = monotonicNanoseconds()
        var nextDrop = store.rules.pendingAge.map { _ in 0.0 }
        while !stopping.isSet {
            let now = Double(monotonicNanoseconds()) / 1e9
            if let age = store.rules.pendingAge, let due = nextDrop, now >= due {
                store.dropOldPending(after: age)
                nextDrop = now + PendingDrop.interval(age)
            }
            let due = [store.views.nextDue, store.copies.nextDue, nextDrop].compactMap { $0 }.min()
            let next = min(due ?? .infinity, Double(lastCheckpoint) / 1e9 + Self.checkpointAge)
            bell.wait(seconds: max(0.01, next - now))
            for folder in store.views.takeDue() {
                refresh(folder, isTaken: true)
                store.views.finish(folder)
            }
            deleted.empty()
            store.copies.dropOld()
            if Double(monotonicNanoseconds() - lastCheckpoint) / 1e9 >= Self.checkpointAge {
                store.exclusively { $0.sealSegment() }
                lastCheckpoint = monotonicNanoseconds()
            }
            checkpoint()
        }
    }

    /// Waits until there is room to finish the store's start.
    private func finishStart() {
        do throws(FileFailure) {
            while !stopping.isSet {
                if try store.begin() { return }
                bell.wait(seconds: 1)
            }
        } catch { store.exclusively { $0.fail(error) } }
    }

    private func refresh(_ folder: String, isTaken: Bool = false) {
        do {
            try store.refreshView(folder, isTaken: isTaken)
        } catch {
            store.log.warning("metrics.json of \(folder) lags: \(error)")
            if !stopping.isSet { store.views.wrote(folder, seconds: 1) }
            store.views.insert(folder)
        }
    }

    /// Syncs the files that a segment's frames touched. Runs may have moved and files been adopted since the segment
    /// was full, and during the sync: files that are missed so are synced in a second step, in which nothing moves.
    private func sync(_ touched: TouchedFiles, later: [TouchedFiles]) throws(FileFailure) {
        defer { _ = spares.refill() }
        let missed = try spares.lending { () throws(FileFailure) in try Checkpoint.sync(touched, store.paths) }
        let failure: FileFailure? = store.exclusively { committer in
            do throws(FileFailure) {
                try committer.spares.lending { () throws(FileFailure) in
                    try committer.sync(missed: missed, of: touched, later: later)
                }
            } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }

    private func checkpoint() {
        // After a failed sync, the segments stay, and recovery writes their contents again.
        guard store.failure == nil, store.ownership.fault() == nil else { return }
        let segments = sealed.takeAll()
        for (index, segment) in segments.enumerated() {
            do throws(FileFailure) {
                try sync(segment.touched, later: segments[(index + 1)...].map(\.touched))
                // If the directory was replaced meanwhile, other files may have been synced.
                if let fault = store.ownership.fault() { throw FileFailure(fault, segment.path, errno: 2) }
                try Checkpoint.drop(segment, store.paths)
            } catch {
                // Only in order: recovery refuses a journal with a gap.
                sealed.putBack(segments[index...])
                if error.isSync {
                    store.exclusively { $0.fail(error) }
                } else {
                    store.log.error("a checkpoint will be tried again: \(error)")
                }
                return
            }
        }
    }
}
