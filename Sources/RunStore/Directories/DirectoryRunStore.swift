internal import CLinux
internal import Glibc
package import Logging
internal import RunMetadata
internal import Synchronization

/// Keeps runs as directories below one runs directory, in the layout that tfruns reads.
///
/// One process owns a runs directory. What is acknowledged is in the journal first (`Journal`), and in the run directories;
/// those are the truth, and what something else puts there or removes is so for this store too.
package final class DirectoryRunStore: RunStore, @unchecked Sendable {
    // Sendable: everything is constant after init but `keeper`, which `close()` alone touches.

    let paths: RunPaths
    let settings: StoreSettings
    let sessions: Sessions
    let views: LaggingViews
    let log: Logger
    private let queue: CommitQueue
    private let committer: Committer
    private let lock: CInt
    private var keeper: StoreKeeper?
    private let staged = Atomic<UInt64>(0)
    private let whenWaiting = Mutex<(@Sendable () -> Void)?>(nil)

    /// Why a store could not be opened, in words for the person who started the server.
    package struct OpenFailure: Error, CustomStringConvertible {
        package let description: String
        /// Whether it is that another process has the runs directory.
        package var isTaken = false
    }

    /// Opens a runs directory, making it where it is missing, and does again what a crash left undone.
    /// - Parameters:
    ///   - runs: its path
    ///   - log: where the store says what it met
    /// - Throws: `OpenFailure`, also when another process has it
    package init(
        runs: String, settings: StoreSettings = StoreSettings(), log: Logger = Logger(label: "store")
    ) throws(OpenFailure) {
        let paths = RunPaths(runs: runs)
        let bell = Doorbell()
        var lockToGiveBack: CInt = -1
        do {
            for path in [runs, paths.own, paths.journal, paths.pending, paths.sessions, paths.staging] {
                try Files.makeDirectories(path)
            }
            let lock = try Self.takeLock(paths)
            self.lock = lock
            lockToGiveBack = lock
            let applier = RecordApplier(paths: paths)
            let recovery = try JournalRecovery(directory: paths.journal)
            let lagging = try Self.recover(recovery, paths, applier, log)
            try Files.removeTree(paths.staging)
            try Files.makeDirectory(paths.staging)
            let journal = try Journal(
                directory: paths.journal, nextSequence: recovery.nextSequence, segmentSize: settings.segmentSize)
            views = LaggingViews(delay: settings.viewDelay, share: settings.viewShare, bell: bell)
            sessions = try Sessions(paths: paths)
            let sealed = SealedSegments(bell: bell)
            committer = try Committer(
                paths: paths, settings: settings, journal: journal, applier: applier, sessions: sessions, views: views,
                sealed: sealed, log: log)
            for folder in lagging { views.insert(folder) }
        } catch let failure as OpenFailure {
            Glibc.close(lockToGiveBack)
            throw failure
        } catch {
            Glibc.close(lockToGiveBack)
            throw OpenFailure(description: "cannot open the runs directory \(runs): \(error)")
        }
        self.paths = paths
        self.settings = settings
        self.log = log
        queue = CommitQueue(limit: settings.queueLimit)
        keeper = StoreKeeper(store: self, sealed: committer.sealed, bell: bell)
    }

    deinit { Glibc.close(lock) }

    /// Takes no more writes, finishes those that wait, brings every `metrics.json` up to date, syncs everything and
    /// empties the journal.
    package func close() {
        queue.stop()
        whenWaiting.withLock { $0 = nil }
        commit()
        keeper?.stop()
        keeper = nil
    }

    // MARK: Writing

    package func submit(
        _ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void
    ) {
        if let refusal = queue.add(.write(write, completion)) { completion(.failure(refusal)) }
    }

    package var hasWaitingWrites: Bool { queue.isWaiting }

    package func commit() {
        repeat {
            queue.drain { committer.commit($0) }
            // What came meanwhile is for the one who commits by trade; without one, for whoever is here.
            if queue.isWaiting, let call = whenWaiting.withLock({ $0 }) { return call() }
        } while queue.isWaiting
    }

    package func onWaiting(_ call: @escaping @Sendable () -> Void) { whenWaiting.withLock { $0 = call } }

    /// Runs something while nothing is being committed, and waits for it.
    ///
    /// This thread commits only until that is done. What came meanwhile is left to whoever commits by trade, or everything
    /// would be handed over to this thread for as long as writes keep coming.
    func exclusively(_ body: @escaping @Sendable (Committer) -> Void) {
        let done = Doorbell()
        _ = queue.add(
            .exclusive { committer in
                body(committer)
                done.ring()
            })
        if let call = whenWaiting.withLock({ $0 }) {
            call()
        } else {
            commit()
        }
        done.wait()
    }

    package var failure: String? { committer.firstFailure.text }

    package func makeStagingFile() throws(StoreError) -> StagingFile {
        let number = staged.wrappingAdd(1, ordering: .relaxed).newValue
        return try storing { () throws(FileFailure) in
            try StagingFile(directory: paths.staging, name: "upload-\(getpid())-\(monotonicNanoseconds())-\(number)")
        }
    }

    // MARK: Opening

    private static func takeLock(_ paths: RunPaths) throws -> CInt {
        let lock = try Files.open(paths.lock, O_RDWR | O_CREAT)
        guard clinux_lock(lock) == 0 else {
            let owner = String(decoding: (try? Files.read(lock, path: paths.lock)) ?? [], as: UTF8.self)
            Glibc.close(lock)
            throw OpenFailure(
                description: "the runs directory \(paths.runs) belongs to another rundir server"
                    + (owner.isEmpty ? "" : " (process \(owner))") + "; stop that one, or choose another --runs",
                isTaken: true)
        }
        ftruncate(lock, 0)
        let owner = Array("\(getpid())".utf8)
        try owner.withUnsafeBytes { try Files.write($0, to: lock, at: 0, path: paths.lock) }
        return lock
    }

    /// Does all steps again that the journal holds, syncs what they touched, and drops the segments.
    /// - Returns: the folders whose `metrics.json` may lag
    private static func recover(
        _ recovery: JournalRecovery, _ paths: RunPaths, _ applier: RecordApplier, _ log: Logger
    ) throws -> Set<String> {
        var touched = TouchedFiles()
        var lagging: Set<String> = []
        let published = publicationsDone(recovery, paths)
        let deleted = deletionsDone(recovery, paths)
        for (index, record) in recovery.writes.joined().enumerated() {
            if let last = deleted[record.folder], index <= last { continue }
            if let path = record.path, let last = published[TouchedFiles.File(folder: record.folder, path: path)],
                index < last
            {
                continue
            }
            do {
                try applier.redo(record)
            } catch {
                throw OpenFailure(description: "cannot do again what the journal holds: \(error)")
            }
            if let path = record.path { touched.insert(record.folder, path) }
            switch record.step {
            case .append, .viewLags: lagging.insert(record.folder)
            case .put(let path, _): if path == DataPath.metricsRows.description { lagging.insert(record.folder) }
            case .create, .move, .delete: touched.insert(record.folder, "")
            case .publish, .adopt, .remove, .activate: continue
            }
        }
        if !recovery.writes.isEmpty { log.notice("did \(recovery.writes.count) writes of the journal again") }
        try Checkpoint.sync(touched, paths)
        for segment in recovery.segments { try Files.remove(segment) }
        try Files.sync(paths.journal)
        return lagging
    }

    /// Folders that the journal tells were deleted, and have been: what was written to them before must not be done again,
    /// least of all to those that were made by the same name since.
    /// - Returns: the last such deletion's place among the records
    private static func deletionsDone(_ recovery: JournalRecovery, _ paths: RunPaths) -> [String: Int] {
        var done: [String: Int] = [:]
        for (index, record) in recovery.writes.joined().enumerated() {
            guard case .delete(let aside) = record.step, Files.isDirectory("\(paths.staging)/\(aside)") else {
                continue
            }
            done[record.folder] = index
        }
        return done
    }

    /// Files that the journal tells were published, and have been: where the staged file is gone. What was written to them
    /// before must not be done again, since the publication cannot be.
    /// - Returns: the publication's place among the records
    private static func publicationsDone(
        _ recovery: JournalRecovery, _ paths: RunPaths
    ) -> [TouchedFiles.File: Int] {
        var done: [TouchedFiles.File: Int] = [:]
        for (index, record) in recovery.writes.joined().enumerated() {
            guard case .publish(let path, let staged) = record.step,
                Files.status("\(paths.staging)/\(staged)") == nil
            else { continue }
            done[TouchedFiles.File(folder: record.folder, path: path)] = index
        }
        return done
    }
}
