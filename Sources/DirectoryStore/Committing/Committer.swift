internal import JSON
internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore

/// Makes batches of writes durable and visible. One thread at a time is at it (`CommitQueue.drain`).
///
/// A batch: each write is planned (what is its folder, what are its records), all records go as one frame into the
/// journal, one sync; then the steps are done in the run directories; then each write is completed. A write that
/// depends on what is in a directory, or that moves one, goes alone in its batch, so that a plan never sees a directory
/// that lags behind.
final class Committer: @unchecked Sendable {
    // Sendable: used by the thread that drains the queue alone; the queue's mutex orders one such thread after another.

    let paths: RunPaths
    let settings: StoreSettings
    let logs: MetricsLogs
    let metricsFiles: MetricsFiles
    let applier: RecordApplier
    let sessions: Sessions
    let views: LaggingViews
    let touched: TouchedRuns
    let log: Logger
    /// Read by all.
    let firstFailure = FirstFailure()
    /// Whether the start has room to be finished, and what it has not done.
    let start: UnfinishedStart
    let journal: Journal
    /// Which of the journal's frames have been done. Nil until it is begun.
    var applied: AppliedMark?
    /// The batch's frame.
    var frame = JournalBuffer()
    /// The frame of what the journal is told besides.
    var note = JournalBuffer()
    /// Writes that were refused, of which the journal has not been told yet.
    var refused: [JournalFrame.WriteID] = []
    /// What is to be synced before it is.
    var refusedFiles = TouchedFiles()
    /// For commits when all other descriptors are in use.
    let spares = SpareDescriptors(count: 16)
    /// The runs directory, and whether it is there.
    let ownership: RunsOwnership
    /// Tell when the runs directory may have gone, and when it was seen last, nanoseconds on the monotonic clock.
    var presenceMarks: [NameWatch.Mark]
    var presenceSeenAt: UInt64 = 0
    var segmentMark: NameWatch.Mark?
    var pending: PendingRuns
    /// Of the id that was made last: the second, and the number in it.
    var lastID = (stamp: "", number: 0)
    var waiting = WaitingFiles()
    /// Runs, archived ones among them.
    var runs: FolderCount
    /// Bytes of runs; nil: they are not bounded.
    let space: SpaceUse?
    /// What the index knows of a run's rows, if it can tell without waiting.
    var knownRows: (_ folder: String) -> RowsMark? = { _ in nil }
    /// Columns whose names are held, of all logs.
    var heldColumns = 0
    let parser = JSONParser()
    var plannedEnds = PlannedEnds()
    /// The new runs that the batch initialises.
    var plannedStarts: Set<String> = []
    var room: FreeRoom

    /// Full segments of the journal, to be checkpointed.
    let sealed: SealedSegments

    /// Told of what has come to pass, while somebody watches.
    let changes = LocalChangeFeed()
    /// Has to know what is written, so that it is not taken for something else's doing.
    var foreignChanges: ForeignChanges?
    /// Folders whose `metrics.json` was written and not synced. The journal's current segment says of each that it may
    /// lag.
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

    /// Does all entries: the writes in order, then what nothing may be written beside, which so divides no batch.
    func commit(_ entries: [CommitQueue.Entry]) {
        if !start.isOver { return refuse(entries) }
        var batch: [Planned] = []
        var exclusive: [@Sendable (Committer) -> Void] = []
        beginBatch()
        // A write is taken only where those that are journaled can surely be done.
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

    /// As long as the start is not over: the keeper has the journal and the applier.
    private func refuse(_ entries: [CommitQueue.Entry]) {
        for entry in entries {
            switch entry {
            case .exclusive(let body): body(self)
            case .write(let pending): pending.completion(.failure(refusal ?? .diskFull(start.reason)))
            }
        }
    }

    /// Whether a write can be planned only when what the batch holds is done. Runs that are initialised share a batch
    /// with their like, since each is a folder of its own, and with nothing else.
    private func mustFollow(_ batch: [Planned], _ action: RunWrite.Action) -> Bool {
        if batch.isEmpty { return false }
        if case .initialise = action { return plannedStarts.isEmpty }
        return action.goesAlone || !plannedStarts.isEmpty
    }

    /// Plans something, and again without the spare descriptors where there were too few.
    private func lending(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try body() } catch {
            guard case .shortage = error, spares.giveUp() else { throw error }
            try body()
        }
    }

    /// Takes the spare descriptors again that were given up; closes logs for it, which are open only to be quick.
    /// - Returns: whether all are held
    private func regainSpares() -> Bool {
        if spares.isFull || spares.refill() { return true }
        logs.forgetAll()
        applier.beginBatch()
        return spares.refill()
    }

    /// Plans a write and adds it to the batch.
    /// - Returns: false where it has to be the first of its batch and is not
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
            // What it stands on has to be durable before it is told.
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

    /// What was planned does not come to pass.
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

    /// Why no write is taken; nil when one is.
    var refusal: StoreError? {
        if let failure = journal.failure { return .readOnly(failure.description) }
        return start.isOver ? nil : .diskFull(start.reason)
    }

    /// No write is taken from now on.
    func fail(_ failure: FileFailure) {
        journal.fail(failure)
        // The kernel may have dropped what it could not write: recovery has to write all of it again.
        if applied != nil { AppliedMark.remove(paths) }
        applied = nil
        if firstFailure.text == nil {
            log.critical("no write is accepted until a restart: \(failure)")
        }
        firstFailure.note(failure)
    }
}
