internal import CLinux
internal import Glibc
internal import Limits
package import LocalFiles
package import Logging
internal import RunMetadata
package import RunStore
internal import Synchronization
internal import Threads

/// A store that keeps runs as directories below one runs directory, in the layout that tfruns reads.
///
/// One process owns a runs directory. Acknowledged writes are first in the journal (`Journal`), then also in the run
/// directories. The directories are the source of truth: what other programs add or remove there is added or removed
/// for this store too.
package final class DirectoryRunStore: RunStore, GroupCommit, @unchecked Sendable {
    // Sendable: everything is constant after init except the keepers, which only `close()` changes.

    let paths: RunPaths
    let settings: StoreSettings
    let sessions: Sessions
    let views: LaggingViews
    let metricsFiles = MetricsFiles()
    let tables = MetricsTables()
    let copies: DocumentCopies
    /// The earliest time at which a present writer of a truncated file may have started, seconds since 1970: after a
    /// power cut, this start.
    let writersSince: Double
    let log: Logger
    private let queue: CommitQueue
    let committer: Committer
    let redo: Redo
    let ownership: RunsOwnership
    private var keeper: StoreKeeper?
    let index: RunIndex
    /// The folders in the previous server's journal.
    let recovered: Set<String>
    private var indexKeeper: IndexKeeper?
    private var foreignChanges: ForeignChanges?
    private var spaceKeeper: SpaceKeeper?
    /// Pending runs that were dropped for their age.
    let dropped = Atomic<Int>(0)
    let knownRows = KnownRows()
    /// Held while a document is replaced.
    let documents = Mutex(())
    /// Files that are not in a run yet, on the disk of the runs directory, so that they can be renamed into runs.
    package private(set) lazy var scratch = Scratch(
        folder: paths.staging, uploads: paths.uploads, limits: settings.partialUploads,
        keeper: Scratch.Keeper(
            closed: { [weak self] in self?.lacksRoomToStart }, gone: { [weak self] in self?.ownership.fault() },
            syncFailed: { [weak self] failure in self?.exclusively { $0.fail(failure) } }),
        now: settings.clock)
    private let whenWaiting = Mutex<Committing?>(nil)

    /// The committer's wake-up. (A bare closure in a `Mutex` would be wrapped again at each access, since the compiler
    /// converts it for generic code and back.)
    private struct Committing {
        let wake: @Sendable () -> Void
    }

    /// Why a store could not be opened, for the operator.
    package struct OpenFailure: Error, CustomStringConvertible {
        package let description: String
        /// Whether the cause is that another process owns the runs directory.
        package var isTaken = false
    }

    /// Opens a runs directory, which is created if missing, and recovers from a crash. If the disk is full, opens
    /// read-only and accepts writes once there is room.
    /// - Parameters:
    ///   - runs: the path of the directory
    ///   - log: where the store reports problems
    /// - Throws: `OpenFailure`, also if another process owns it
    package init(
        runs: String, settings: StoreSettings = StoreSettings(), log: Logger = Logger(label: "store")
    ) throws(OpenFailure) {
        let paths = RunPaths(absolute: runs)
        let bell = Doorbell()
        let deleted = DeletedFolders(bell: bell)
        var lockToGiveBack: CInt = -1
        do {
            for path in [runs, paths.own, paths.journal, paths.pending, paths.sessions, paths.staging, paths.uploads] {
                try Files.makeDirectories(path)
            }
            // Their names have to be durable before their contents.
            for path in [paths.own, runs, "\(runs)/.."] { try Files.sync(path) }
            lockToGiveBack = try Self.takeLock(paths)
            ownership = try RunsOwnership(paths, lock: lockToGiveBack)
            // From now on the ownership closes it.
            lockToGiveBack = -1
            let applier = RecordApplier(paths: paths) { deleted.append($0) }
            let recovery = try JournalRecovery(directory: paths.journal)
            let applied = try AppliedMark.read(paths)
            writersSince = applied == nil ? wallClock() : 0
            redo = Redo(recovery, paths: paths, applier: applier, applied: applied)
            let journal = Journal(
                from: recovery.nextSequence, directory: paths.journal, segmentSize: settings.segmentSize)
            views = LaggingViews(delay: settings.viewDelay, share: settings.viewShare, bell: bell)
            sessions = try Sessions(paths: paths)
            let start = UnfinishedStart()
            index = RunIndex(paths: paths, settings: settings, metricsFiles: metricsFiles, start: start, log: log)
            recovered = Set(recovery.writes.joined().map(\.folder))
            // The runs that were changed last, whether or not their files are up to date.
            for record in recovery.writes.joined() {
                guard case .activate(let name) = record.step, let session = SessionName(name) else { continue }
                sessions.set(session, to: RunID(record.folder))
            }
            committer = try Committer(
                ownership: ownership, settings: settings, journal: journal, applier: applier, sessions: sessions,
                views: views, metricsFiles: metricsFiles, touched: index.touched, sealed: SealedSegments(bell: bell),
                start: start, log: log)
            if redo.count > 0 { log.notice("\(redo.count) steps of the journal are done again") }
        } catch let failure as OpenFailure {
            if lockToGiveBack >= 0 { Glibc.close(lockToGiveBack) }
            throw failure
        } catch {
            if lockToGiveBack >= 0 { Glibc.close(lockToGiveBack) }
            throw OpenFailure(description: "cannot open the runs directory \(runs): \(error)")
        }
        self.paths = paths
        self.settings = settings
        self.log = log
        copies = DocumentCopies(staging: paths.staging)
        queue = CommitQueue(limit: settings.queueLimit)
        do throws(FileFailure) {
            if !(try begin()) {
                log.error("no room on the disk to start; read-only until there is: \(committer.start.reason)")
            }
        } catch {
            // deinit frees what is initialised.
            throw OpenFailure(description: "cannot open the runs directory \(runs): \(error)")
        }
        // Created now, not on first use.
        _ = scratch
        keeper = StoreKeeper(store: self, sealed: committer.sealed, deleted: deleted, bell: bell)
        indexKeeper = IndexKeeper(index)
        exclusively { [index] in $0.knownRows = { index.markIfFree(of: $0) } }
        if let space = committer.space {
            spaceKeeper = SpaceKeeper(paths, bell: space.bell) { [unowned self] body in
                self.exclusively { committer in committer.space.map(body) ?? [:] }
            }
        }
        followChanges()
    }

    private func followChanges() {
        let foreign = ForeignChanges(paths, metricsFiles, committer.changes) { [weak self] body in
            self?.exclusively { _ in body() }
        }
        foreignChanges = foreign
        exclusively { $0.foreignChanges = foreign }
        committer.changes.onFollowing(.init(follow: { foreign.follow($0) }, forgetAll: { foreign.forgetAll() }))
    }

    deinit { ownership.release() }

    /// Accepts no more writes, finishes the waiting ones, updates every `metrics.json`, syncs everything and empties
    /// the journal.
    package func close() {
        queue.stop()
        whenWaiting.withLock { $0 = nil }
        commit()
        committer.changes.onFollowing(nil)
        foreignChanges?.stop()
        foreignChanges = nil
        spaceKeeper?.stop()
        spaceKeeper = nil
        keeper?.stop()
        keeper = nil
        indexKeeper?.stop()
        indexKeeper = nil
        AppliedMark.remove(paths)
        ownership.release()
    }

    /// Removes a temporary runs directory, with all its contents.
    package static func remove(_ runs: String) { try? Files.removeTree(runs) }

    // MARK: Writing

    package func submit(
        _ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void
    ) {
        let pending = PendingWrite(write, completion: completion)
        if let refusal = queue.add(.write(pending)) { completion(.failure(refusal)) }
    }

    package var hasWaitingWrites: Bool { queue.isWaiting }

    package func commit() {
        repeat {
            queue.drain { committer.commit($0) }
            // New writes are left to the registered committer; without one, this thread commits them.
            if queue.isWaiting, let committing = whenWaiting.withLock({ $0 }) { return committing.wake() }
        } while queue.isWaiting
    }

    package func onWaiting(_ call: @escaping @Sendable () -> Void) {
        whenWaiting.withLock { $0 = Committing(wake: call) }
    }

    /// Runs a closure while nothing is being committed, and waits for it.
    ///
    /// This thread commits only until that is done. Later writes are left to the registered committer; otherwise this
    /// thread would have to commit for as long as writes keep coming.
    @discardableResult
    func exclusively<Result: Sendable>(_ body: @escaping @Sendable (Committer) -> Result) -> Result {
        let outcome = Monitor<Result?>(nil)
        _ = queue.add(
            .exclusive { committer in
                let result = body(committer)
                outcome.changeForOne { $0 = result }
            })
        haveCommitted()
        return outcome.wait { $0 }
    }

    /// Lets the registered committer commit what waits; without one, this thread does.
    func haveCommitted() {
        if let committing = whenWaiting.withLock({ $0 }) {
            committing.wake()
        } else {
            commit()
        }
    }

    /// Why writes are refused until a restart; nil if they are not.
    package var failure: String? { committer.firstFailure.text }

    package var changes: any ChangeFeed { committer.changes }

    package var rules: RunRules { settings.rules }

    package var usedBytes: Int? { committer.space?.bytes }

    package var droppedCount: Int { dropped.load(ordering: .relaxed) }

    package var statistics: StoreStatistics { committer.counts.statistics }
}
