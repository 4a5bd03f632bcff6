internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The plan of a write: the records for the journal, and the outcome to report. An object, since several functions fill
/// it and apply it.
final class WritePlan {
    let folder: String
    var records: [RedoRecord] = []
    /// Rows to append. If set, the only record allowed is the one that creates the run's folder.
    private(set) var rows: Rows?
    var outcome: WriteOutcome
    /// Whether it must not share a batch with later writes, because it moves a run or changes what their plans read.
    var goesAlone = false
    /// Called, in order, when the steps are done.
    private(set) var afterwards: [@Sendable (Committer) -> Void] = []

    init(folder: String, outcome: WriteOutcome) {
        self.folder = folder
        self.outcome = outcome
    }

    /// Rows for a run's log. Nearly all writes are only these; the rows of a batch are written run by run, not write by
    /// write.
    struct Rows {
        let log: MetricsLogs.Log
        /// Their offset in the log's file.
        let offset: Int
        fileprivate(set) var bytes: [UInt8]

        /// The rows as a step.
        var step: RedoRecord.Step { .append(MetricsLogs.file, offset: offset, bytes) }
    }

    /// Whether it changes nothing.
    var isEmpty: Bool { records.isEmpty && rows == nil }

    /// Adds rows to a log's file.
    func add(_ bytes: [UInt8], to log: MetricsLogs.Log) {
        let offset = log.plan(bytes)
        if rows == nil {
            rows = Rows(log: log, offset: offset, bytes: bytes)
        } else {
            rows?.bytes += bytes
        }
    }

    /// Appends the plan's part of a frame: the number of records, then the records.
    func encode(into frame: inout JournalBuffer) {
        frame.append(UInt32(records.count + (rows == nil ? 0 : 1)))
        for record in records { record.encode(into: &frame) }
        if let rows { RedoRecord(folder, rows.step).encode(into: &frame) }
    }

    /// Turns the rows into a step, so that they are undone with the write's other steps. After this, the log is not up
    /// to date.
    func makeStepOfRows() {
        guard let rows else { return }
        add(rows.step)
        self.rows = nil
        goesAlone = true
        let name = folder
        whenDone { $0.logs.forget(name) }
    }

    /// Adds a callback for when the steps are done.
    func whenDone(_ body: @escaping @Sendable (Committer) -> Void) { afterwards.append(body) }
}

extension RunWrite.Action {
    /// Whether planning it reads what earlier writes of the batch may change, or its rows follow theirs and become a
    /// step (`makeStepOfRows`).
    var goesAlone: Bool {
        switch self {
        case .change(let changes):
            changes.contains(where: \.readsTheDirectory) || changes.count > 1 && changes.contains(where: \.isRows)
        case .patch, .initialise, .complete, .resume, .removeMetadata, .archive, .restore, .purge, .purgePending: true
        }
    }
}

extension DataChange {
    /// Whether the change depends on the run's present files, so that all earlier changes have to be applied first.
    var readsTheDirectory: Bool {
        switch self {
        // Whether a placeholder is needed depends on the run's other properties (`keepPlaces`).
        case .put(let path, _), .remove(let path): path.property?.readAs != nil
        // An append gets the file's end from the batch (`PlannedEnds`).
        case .rows, .append: false
        case .frame, .publish, .publishFolder, .artifact, .removeArtifact, .script, .end: true
        }
    }
}

/// A run's place on disk, as a plan sees it.
struct RunFolder {
    let name: String
    /// Nil if there is none yet.
    let place: RunPlace?
    /// Nil for a session's folder.
    let run: RunID?

    var isPending: Bool { place != .initialised }
}

extension Committer {
    /// Plans a write; nil if it has to be the first of its batch and is not.
    func plan(_ write: RunWrite, isAlone: Bool) throws(StoreError) -> WritePlan? {
        if case .change(let changes) = write.action, changes.count == 1, case .rows(let rows) = changes[0] {
            return try planRows(
                rows, write.target, needsRun: write.needsRun, by: write.sender, isAlone: isAlone)
        }
        if write.needsRun {
            let folder = folder(of: write.target)
            if folder.place == nil || folder.place == .pending { throw missing(folder) }
        }
        switch write.action {
        case .change(let changes):
            return try planChanges(changes, write.target, by: write.sender, isAlone: isAlone)
        case .patch(let document, let patch):
            return try planPatch(document, patch, write.target, by: write.sender)
        case .initialise(let session, let start):
            return try planInitialise(write.target, session, start, isAlone: isAlone)
        case .complete(let end): return try planComplete(write.target, end)
        case .resume(let session): return try planResume(write.target, session)
        case .removeMetadata(let removed): return try planRemoval(of: removed, write.target)
        case .archive: return try planArchive(write.target)
        case .restore: return try planRestore(write.target)
        case .purge(let force): return try planPurge(write.target, force: force)
        case .purgePending(let seconds): return try planPurgePending(write.target, unchangedFor: seconds)
        }
    }

    /// The folder that a target names.
    func folder(of target: RunTarget) -> RunFolder {
        switch target {
        case .run(let run):
            return RunFolder(name: run.description, place: applier.place(of: run.description), run: run)
        case .active(let session):
            if let run = sessions[session], applier.place(of: run.description) == .initialised {
                return RunFolder(name: run.description, place: .initialised, run: run)
            }
            let name = target.key
            return RunFolder(name: name, place: applier.place(of: name), run: nil)
        }
    }

    /// The error for a run that cannot be found.
    func missing(_ folder: RunFolder) -> StoreError {
        if let run = folder.run, paths.isLink(folder.name) { return .runIsLink(run) }
        if let fault = ownership.fault() { return .runsGone(fault) }
        return .unknownRun
    }

    /// The plan of a write to a folder, with the record that creates the folder if it is new.
    /// - Throws: if the run is archived, or is a link
    func begin(_ folder: RunFolder) throws(StoreError) -> WritePlan {
        if folder.place == .archived, let run = folder.run { throw .archived(run) }
        if folder.isPending, let run = folder.run, paths.isLink(folder.name) { throw .runIsLink(run) }
        let plan = WritePlan(
            folder: folder.name, outcome: WriteOutcome(effect: folder.isPending ? .pending : .written, run: folder.run))
        if folder.place == nil { plan.records.append(RedoRecord(folder.name, .create)) }
        return plan
    }

    // MARK: Rows, the hot path

    private func planRows(
        _ rows: MetricsRows, _ target: RunTarget, needsRun: Bool, by sender: String?, isAlone: Bool
    ) throws(StoreError) -> WritePlan? {
        let (name, run): (String, RunID?)
        switch target {
        case .run(let id): (name, run) = (id.description, id)
        case .active:
            let folder = folder(of: target)
            (name, run) = (folder.name, folder.run)
        }
        let plan = WritePlan(folder: name, outcome: WriteOutcome(effect: .written, run: run))
        return try add(rows, to: plan, needsRun: needsRun, by: sender, isAlone: isAlone) ? plan : nil
    }

    /// Plans the appending of rows.
    /// - Parameter needsRun: whether rows of a run that is not initialised are refused
    /// - Returns: false if the write has to be the first of its batch
    func add(
        _ rows: MetricsRows, to plan: WritePlan, needsRun: Bool = false, by sender: String? = nil,
        isAlone: Bool
    ) throws(StoreError) -> Bool {
        let name = plan.folder
        let log: MetricsLogs.Log
        let found = try storing { () throws(FileFailure) in try logs.look(up: name) }
        if needsRun, !found.isOfRun { throw missing(RunFolder(name: name, place: nil, run: plan.outcome.run)) }
        switch found {
        case .log(let found): log = found
        case .none(let place): log = logs.make(name, place)
        case .noRun:
            if let run = plan.outcome.run, paths.isLink(name) { throw .runIsLink(run) }
            if plan.records.isEmpty {
                try pending.add(name, by: sender)
                plan.records.append(RedoRecord(name, .create))
            }
            log = logs.make(name, .pending)
        case .needsSeed(let place):
            if !isAlone { return false }
            if place == .archived, let run = plan.outcome.run { throw .archived(run) }
            try seed(plan, place, rows)
            return true
        }
        if log.place == .archived, let run = plan.outcome.run {
            logs.forget(name)
            throw .archived(run)
        }
        if rows.shape == nil || rows.shape != log.shape { try checkColumns(of: rows, log) }
        if log.place == .pending { plan.outcome = WriteOutcome(effect: .pending, run: plan.outcome.run) }
        plan.add(rows.bytes, to: log)
        return true
    }
}

/// Runs a call on files and turns its failure into a `StoreError`.
func storing<Result>(_ body: () throws(FileFailure) -> Result) throws(StoreError) -> Result {
    do throws(FileFailure) { return try body() } catch { throw StoreError(error) }
}
