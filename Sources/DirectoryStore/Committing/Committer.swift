internal import JSON
internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore

/// Makes batches of writes durable and visible. Used by one thread at a time (`CommitQueue.drain`).
///
/// A batch: each write is planned (its folder and its records); all records are written to the journal as one frame,
/// with one sync; the steps are applied to the run directories; each write is completed. A write that depends on the
/// contents of a directory, or that moves one, is alone in its batch, so that a plan never reads a directory that lags
/// behind.
final class Committer: @unchecked Sendable {
    // Sendable: used only by the thread that drains the queue; the queue's mutex orders one such thread after another.

    let paths: RunPaths
    let settings: StoreSettings
    let logs: MetricsLogs
    let metricsFiles: MetricsFiles
    let applier: RecordApplier
    let sessions: Sessions
    let views: LaggingViews
    let touched: TouchedRuns
    let log: Logger
    /// Read by all threads.
    let firstFailure = FirstFailure()
    /// Whether the start is finished, and what it could not do yet for lack of room.
    let start: UnfinishedStart
    let journal: Journal
    /// Which of the journal's frames have been applied. Nil until the journal is begun, and after a failure.
    var applied: AppliedMark?
    /// The batch's frame.
    var frame = JournalBuffer()
    /// Frame for refusals and lagging views.
    var note = JournalBuffer()
    /// Writes that were refused, which the journal does not say yet.
    var refused: [JournalFrame.WriteID] = []
    /// Files that have to be synced before it may.
    var refusedFiles = TouchedFiles()
    /// For commits when all other descriptors are in use.
    let spares = SpareDescriptors(count: 16)
    /// The runs directory, and whether it is there.
    let ownership: RunsOwnership
    /// Marks that become suspect when the runs directory may be gone, and when it was last seen, nanoseconds on the
    /// monotonic clock.
    var presenceMarks: [NameWatch.Mark]
    var presenceSeenAt: UInt64 = 0
    var segmentMark: NameWatch.Mark?
    var pending: PendingRuns
    /// The second of the last id that was made, and its number in that second.
    var lastID = (stamp: "", number: 0)
    var waiting = WaitingFiles()
    /// The number of runs, including archived ones.
    var runs: FolderCount
    /// Bytes of runs; nil: they are not bounded.
    let space: SpaceUse?
    /// The rows that the index has read of a run, if it can say without waiting.
    var knownRows: (_ folder: String) -> RowsMark? = { _ in nil }
    /// The number of column names that are kept, of all logs.
    var heldColumns = 0
    let parser = JSONParser()
    var plannedEnds = PlannedEnds()
    /// The new runs that the batch initialises.
    var plannedStarts: Set<String> = []
    var room: FreeRoom

    /// Full segments of the journal, to be checkpointed.
    let sealed: SealedSegments

    /// Gets the changes that were made, while somebody watches.
    let changes = LocalChangeFeed()
    /// Is told of this server's own writes, so that it does not report them as another program's.
    var foreignChanges: ForeignChanges?
    /// Folders whose `metrics.json` was written and not synced. The journal's current segment says that each of them
    /// may lag.
    var unsyncedViews: Set<String> = []
    /// Counts batches and syncs.
    let counts = JournalCounts()

    init(
        ownership: RunsOwnership, settings: StoreSettings, journal: Journal, applier: RecordApplier, sessions: Sessions,
        views: LaggingViews, metricsFiles: MetricsFiles, touched: TouchedRuns, sealed: SealedSegments,
        start: UnfinishedStart, log: Logger
    ) throws(FileFailure) {
        self.ownership = ownership
        paths = ownership.paths
        self.settings = settings
        self.journal = journal
        self.applier = applier
        self.sessions = sessions
        self.views = views
        self.touched = touched
        self.sealed = sealed
        self.start = start
        self.log = log
        self.metricsFiles = metricsFiles
        logs = MetricsLogs(paths: paths, files: metricsFiles)
        presenceMarks = logs.watch.map { ownership.marks(in: $0) } ?? []
        pending = try PendingRuns(rules: settings.rules, paths: paths)
        runs = FolderCount { [paths] () throws(FileFailure) -> Int in
            var count = 0
            for place in [RunPlace.initialised, .archived] {
                count += try Files.names(in: paths.container(place)).count { RunID($0) != nil }
            }
            return count
        }
        space = SpaceUse(settings.rules, paths)
        room = FreeRoom { DiskSpace.free(ownership.runs) }
    }

    /// Processes all entries: the writes in order, then the exclusive operations, which thus divide no batch.
    func commit(_ entries: [CommitQueue.Entry]) {
        if !start.isOver { return refuse(entries) }
        var batch: [Planned] = []
        var exclusive: [@Sendable (Committer) -> Void] = []
        beginBatch()
        // A write is accepted only if the descriptors suffice to apply what is journaled.
        let shortage: StoreError? = regainSpares() ? nil : .shortage("too many files are open")
        defer { _ = regainSpares() }
        for entry in entries {
            switch entry {
            case .exclusive(let body): exclusive.append(body)
            case .write(let pending):
                if let refusal = refusal ?? shortage {
                    pending.completion(.failure(refusal))
                    continue
                }
                if frame.count > settings.batchBytes || mustFollow(batch, pending.write.action) { flush(&batch) }
                do throws(StoreError) {
                    try lending { () throws(StoreError) in
                        if try !add(pending, to: &batch) {
                            flush(&batch)
                            _ = try add(pending, to: &batch)
                        }
                    }
                } catch {
                    pending.completion(.failure(explained(error)))
                }
            }
        }
        flush(&batch)
        for body in exclusive {
            body(self)
            beginBatch()
        }
    }

    /// Before the start is finished, the keeper uses the journal and the applier.
    private func refuse(_ entries: [CommitQueue.Entry]) {
        for entry in entries {
            switch entry {
            case .exclusive(let body): body(self)
            case .write(let pending): pending.completion(.failure(refusal ?? .diskFull(start.reason)))
            }
        }
    }

    /// Whether a write can be planned only after the batch so far is applied. Initialisations share a batch with one
    /// another, since each has a folder of its own, and with nothing else.
    private func mustFollow(_ batch: [Planned], _ action: RunWrite.Action) -> Bool {
        if batch.isEmpty { return false }
        if case .initialise = action { return plannedStarts.isEmpty }
        return action.goesAlone || !plannedStarts.isEmpty
    }

    /// Plans something; if there are too few descriptors, again without the spares.
    private func lending(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try body() } catch {
            guard case .shortage = error, spares.giveUp() else { throw error }
            try body()
        }
    }

    /// Takes back the spare descriptors that were given up. Closes logs for that, which are open only for speed.
    /// - Returns: whether all are held
    private func regainSpares() -> Bool {
        if spares.isFull || spares.refill() { return true }
        logs.forgetAll()
        applier.beginBatch()
        return spares.refill()
    }

    /// Plans a write and adds it to the batch.
    /// - Returns: false if it has to be the first of its batch and is not
    private func add(_ pending: PendingWrite, to batch: inout [Planned]) throws(StoreError) -> Bool {
        guard let plan = try plan(pending.write, isAlone: batch.isEmpty) else { return false }
        do throws(StoreError) {
            try waiting.take(plan) { () throws(StoreError) in
                try storing { () throws(FileFailure) in try applier.directory(of: plan.folder) }
            }
            try space?.take(plan, for: pending.write.action, applier)
        } catch {
            giveUp(plan)
            throw error
        }
        if plan.isEmpty {
            // What the result depends on has to be durable before it is reported.
            flush(&batch)
            pending.completion(.success(plan.outcome))
            return true
        }
        plan.encode(into: &frame)
        plannedEnds.add(plan.records)
        batch.append(Planned(plan: plan, pending: pending))
        if plan.goesAlone { flush(&batch) }
        return true
    }

    /// Undoes the bookkeeping of a plan that is dropped.
    private func giveUp(_ plan: WritePlan) {
        plannedStarts.remove(plan.folder)
        if plan.records.contains(where: { $0.step == .move(.initialised) }) { return runs.remove() }
        if plan.records.contains(where: { $0.step == .create }) {
            pending.remove(plan.folder)
            logs.forget(plan.folder)
        } else if let rows = plan.rows {
            rows.log.unplan(rows.bytes)
        }
    }

    /// Why no write is accepted; nil if writes are.
    var refusal: StoreError? {
        if let failure = journal.failure { return .readOnly(failure.description) }
        return start.isOver ? nil : .diskFull(start.reason)
    }

    /// Accepts no writes from now on.
    func fail(_ failure: FileFailure) {
        journal.fail(failure)
        // The kernel may have dropped pages that it could not write: recovery has to write everything again.
        if applied != nil { AppliedMark.remove(paths) }
        applied = nil
        if firstFailure.text == nil {
            log.critical("no write is accepted until a restart: \(failure)")
        }
        firstFailure.note(failure)
    }
}
