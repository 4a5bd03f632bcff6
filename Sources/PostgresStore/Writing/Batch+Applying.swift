internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Batch: DraftedRuns {
    /// Does all writes, one after the other.
    /// - Returns: the result of each write
    /// - Throws: if the database could not be read
    func apply() throws(DatabaseError) -> [Result<WriteOutcome, StoreError>] {
        var results: [Result<WriteOutcome, StoreError>] = []
        for (index, waiting) in waiting.enumerated() {
            let counts = (pieces.count, copies.count, events.count)
            let result = Result { () throws(StoreError) in
                waiting.uploads.isEmpty ? try apply(waiting.write) : try applyUploaded(index)
            }
            if waiting.isReserving || result.isFailure {
                pieces.removeSubrange(counts.0...)
                copies.removeSubrange(counts.1...)
                events.removeSubrange(counts.2...)
            }
            results.append(result)
            if let failure { throw failure }
        }
        return results
    }

    /// The key of the session's active run; without one, of what waits for the session's next run.
    func resolved(_ target: RunTarget) -> String {
        guard case .active(let session) = target, let active = sessions[session], let run = runs[active.run],
            run.isThere, run.place == .initialised, run.activation == active.activation
        else { return target.key }
        return active.run
    }

    // MARK: Drafts

    func run(at key: String) -> BatchDraft? {
        guard let run = runs[key], run.isThere else { return nil }
        return BatchDraft(run, of: self)
    }

    func begin(_ write: RunWrite, at key: String) throws(StoreError) -> BatchDraft {
        if runs[key] == nil { runs[key] = WorkingRun(key: key) }
        if !hasWhatIsNeeded(key, for: write.action) { try load(key) }
        guard var run = runs[key] else { throw .failed("\(key) is not in the batch") }
        run.touched = []
        if !run.isThere { (run.isThere, run.sender) = (true, write.sender) }
        if case .change(let changes) = write.action { try checkFolders(in: changes) }
        return BatchDraft(run, of: self)
    }

    /// Refuses a folder if it would bring more bytes into the database than one folder may.
    private func checkFolders(in changes: [DataChange]) throws(StoreError) {
        for case .publishFolder(let staged, let folder, _) in changes {
            let held = try staged.files().lazy.map(\.place).filter { self.uploads.byFile[$0] == nil }
            if held.reduce(0, { $0 + UploadedObjects.size(of: $1) }) <= BatchDraft.largestFolder.most { continue }
            throw .refused(
                MetadataFault(
                    .exceeded,
                    "the files of \(folder) are together \(LimitExceeded(BatchDraft.largestFolder)), the most that is written into the "
                        + "database at once; larger folders need a server with --artifacts"))
        }
    }

    func end(
        _ write: RunWrite, _ draft: BatchDraft, at key: String, takingOver waiting: BatchDraft?
    ) throws(StoreError) {
        guard let before = runs[key] else { throw .failed("\(key) is not in the batch") }
        var run = draft.run
        run.countBytes(since: before)
        let counts = try countsAllowing(before, run, takingOver: waiting?.run, by: write)
        events += try Event.changes(from: BatchDraft(before, of: self), to: draft)
        (runs[key], self.counts) = (run, counts)
        if let waiting { drop(waiting.run) }
    }

    /// Whether enough of a run is known to change it. Appending to files that exist makes no new file, and needs no
    /// more than those files.
    private func hasWhatIsNeeded(_ key: String, for action: RunWrite.Action) -> Bool {
        guard let run = runs[key], !run.hasAll else { return true }
        return action.appended?.allSatisfy { run.file($0) != nil } ?? false
    }

    /// The id of a new run of this second.
    func freshRun() throws(StoreError) -> RunID {
        let stamp = RunID.stamp(of: now)
        let fresh = (1...).lazy.compactMap { RunID(stamp: stamp, number: $0) }.first {
            !self.takenStamps.contains($0.description) && self.runs[$0.description]?.isThere != true
        }
        guard let fresh else { throw .failed("no id is free") }
        takenStamps.insert(fresh.description)
        return fresh
    }

    func move(_ run: RunID, to place: RunPlace) {
        runs[run.description]?.place = place
        events.append(Event(run: run.description, kind: place == .archived ? .archived : .restored))
    }

    /// Adds a run that is imported.
    func add(_ run: WorkingRun) {
        runs[run.key] = run
        counts.add(run)
        events.append(Event(run: run.key, kind: .initialised))
        if run.place == .archived { events.append(Event(run: run.key, kind: .archived)) }
    }

    // MARK: Sessions

    func activate(_ run: RunID, in session: SessionName) {
        let key = run.description
        if runs[key]?.activation == 0 { runs[key]?.activation = freshContent() }
        sessions[session] = ActiveRun(run: key, activation: runs[key]?.activation ?? 0)
        changedSessions.insert(session)
    }

    func deactivate(_ run: RunID) { runs[run.description]?.activation = freshContent() }

    func remove(_ key: String) {
        guard let run = runs[key] else { return }
        counts.remove(run)
        if run.run != nil { events.append(Event(run: run.key, kind: .removed)) }
        drop(run)
    }

    private func drop(_ run: WorkingRun) {
        if run.isStored { removed.insert(run.key) }
        var fresh = WorkingRun(key: run.key)
        fresh.hasAll = true
        runs[run.key] = fresh
    }
}

extension Result {
    fileprivate var isFailure: Bool { if case .failure = self { true } else { false } }
}
