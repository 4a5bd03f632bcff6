internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Batch {
    /// Does all writes, one after the other.
    /// - Returns: what came of each
    /// - Throws: if the database could not be read meanwhile
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

    func apply(_ write: RunWrite) throws(StoreError) -> WriteOutcome {
        let key = resolved(write.target)
        if write.needsRun, !(runs[key]?.isThere ?? false) || runs[key]?.place == .pending { throw .unknownRun }
        switch write.action {
        case .initialise(let session, let start):
            let key = if case .run(let run) = write.target { run.description } else { try freshKey() }
            return try initialise(key, session, start, by: write)
        case .change(let changes):
            let outcome = try edit(key, by: write) { run, outcome throws(StoreError) in
                for change in changes { try run.apply(change, &outcome, self) }
            }
            if changes.contains(where: \.endsTheRun) { deactivate(key) }
            return outcome
        case .patch(let document, let patch):
            return try edit(key, by: write) { run, outcome throws(StoreError) in
                outcome.document = try run.merge(patch, into: document, self)
            }
        case .removeMetadata(let removed) where runs[key]?.isThere == true:
            return try edit(key, by: write) { run, _ throws(StoreError) in try run.remove(removed, self) }
        case .purgePending(let seconds):
            guard let there = runs[key], there.isThere else { throw .unknownRun }
            if let run = there.run, there.place != .pending { throw .notArchived(run) }
            if seconds > 0, there.modified > wallClock() - seconds { throw .writtenMeanwhile }
            remove(there)
            return WriteOutcome(effect: .written, run: there.run)
        default:
            guard let run = RunID(key), let there = runs[key], there.isThere else { throw .unknownRun }
            let isDone = try apply(write, to: run, there)
            let isPending = runs[key]?.isThere == true && runs[key]?.place == .pending
            return WriteOutcome(effect: !isDone ? .unchanged : isPending ? .pending : .written, run: run)
        }
    }

    /// The key of the active run if a session has one, else of what waits for its next one.
    func resolved(_ target: RunTarget) -> String {
        guard case .active(let session) = target, let active = sessions[session], let run = runs[active.run],
            run.isThere, run.place == .initialised, run.activation == active.activation
        else { return target.key }
        return active.run
    }

    /// Does what can be done to a run alone that is there.
    /// - Returns: false if there was nothing to do
    private func apply(_ write: RunWrite, to run: RunID, _ there: WorkingRun) throws(StoreError) -> Bool {
        let key = there.key
        try loadAll(key)
        switch (write.action, there.place) {
        case (.archive, .archived), (.restore, .initialised): return false
        case (.archive, .pending), (.restore, .pending), (.resume, .pending): throw .notInitialised(run)
        case (.archive, _): move(run, to: .archived, .archived)
        case (.restore, _): move(run, to: .initialised, .restored)
        case (.purge(force: true), _), (.purge, .archived):
            remove(there)
            return true
        case (.purge, _): throw .notArchived(run)
        case (_, .archived): throw .archived(run)
        case (.resume(let session), _):
            if try runs[key]?.hasEnded(self) == false, there.file(.error) == nil { return false }
            _ = try edit(key, by: write) { value, _ in value.resume(self) }
            activate(key, in: session)
            return true
        case (.complete(let end), _):
            var isNew = false
            _ = try edit(key, by: write) { value, _ throws(StoreError) in isNew = try value.complete(run, end, self) }
            if !isNew { return false }
        default: return false
        }
        let hasEnded = try runs[key]?.hasEnded(self) ?? true
        if runs[key]?.place != .initialised || hasEnded { deactivate(key) }
        return true
    }

    private func move(_ run: RunID, to place: RunPlace, _ kind: Event.Kind) {
        runs[run.description]?.place = place
        events.append(Event(run: run.description, kind: kind))
    }

    /// Changes a run, which is made if it is new, or what waits for a session's next one.
    /// - Parameter waiting: what waited for a session's next run, of which the run takes all
    private func edit(
        _ key: String, by write: RunWrite, takingOver waiting: WorkingRun? = nil,
        _ change: (inout WorkingRun, inout WriteOutcome) throws(StoreError) -> Void
    ) throws(StoreError) -> WriteOutcome {
        if runs[key] == nil { runs[key] = WorkingRun(key: key) }
        if !hasWhatIsNeeded(key, for: write.action) { try loadAll(key) }
        guard let before = runs[key] else { throw .failed("\(key) is not in the batch") }
        var value = before
        value.touched = []
        if value.place == .archived, let run = value.run { throw .archived(run) }
        var outcome = WriteOutcome(effect: value.place == .initialised ? .written : .pending, run: value.run)
        if !value.isThere { (value.isThere, value.sender) = (true, write.sender) }
        try change(&value, &outcome)
        value.finish(self)
        value.countBytes(since: before)
        let counts = try countsAllowing(before, value, takingOver: waiting, by: write)
        events += try Event.changes(from: before, to: value, self)
        (runs[key], self.counts) = (value, counts)
        if let waiting { drop(waiting) }
        return outcome
    }

    /// Whether enough of a run is known to change it. Appending to what is there makes no new file, and needs no more than that.
    private func hasWhatIsNeeded(_ key: String, for action: RunWrite.Action) -> Bool {
        guard let run = runs[key], !run.hasAll else { return true }
        return action.appended?.allSatisfy { run.file($0) != nil } ?? false
    }

    private func initialise(
        _ key: String, _ session: SessionName, _ start: RunStart, by write: RunWrite
    ) throws(StoreError) -> WriteOutcome {
        try loadAll(key)
        let waitingKey = resolved(.active(session))
        let there = runs[key]
        let existed = there?.isThere == true && there?.place == .initialised && there?.file(.property(.start)) != nil
        let waiting = existed || !waitingKey.hasPrefix(RunLayout.sessionMark) ? nil : runs[waitingKey]
        let adopted = waiting?.isThere == true ? waiting : nil
        let flags = start.flags.map { DataChange.put(.flags, $0) } ?? []
        let given = flags + start.properties.map { DataChange.put(.property($0.name), $0.file) }
        var hasSource = false
        var outcome = try edit(key, by: write, takingOver: adopted) { value, outcome throws(StoreError) in
            if let adopted { try value.adopt(adopted, self) }
            for change in given { try value.apply(change, &outcome, self) }
            for (name, text) in RunStart.defaults(of: RunID(key) ?? RunID("run")!, at: now)
            where !existed && value.file(.property(name)) == nil {
                value.put(text, name, of: self)
            }
            value.place = .initialised
            hasSource = value.file(.source) != nil && (!existed || start.properties.contains { $0.name == .script })
        }
        outcome = WriteOutcome(effect: existed && given.isEmpty ? .unchanged : .written, run: outcome.run)
        (outcome.hasSource, outcome.existed) = (hasSource, existed)
        // What ended while it was pending is no run to go on with.
        if try runs[key]?.hasEnded(self) == false { activate(key, in: session) }
        return outcome
    }

    /// The key of a new run of this second.
    private func freshKey() throws(StoreError) -> String {
        let stamp = RunID.stamp(of: now)
        let fresh = (1...).lazy.compactMap { RunID(stamp: stamp, number: $0)?.description }.first {
            !self.takenStamps.contains($0) && self.runs[$0]?.isThere != true
        }
        guard let fresh else { throw .failed("no id is free") }
        takenStamps.insert(fresh)
        return fresh
    }

    /// A run that was brought in from elsewhere.
    func add(_ run: WorkingRun) {
        runs[run.key] = run
        counts.add(run)
        events.append(Event(run: run.key, kind: .initialised))
        if run.place == .archived { events.append(Event(run: run.key, kind: .archived)) }
    }

    // MARK: Sessions

    private func activate(_ key: String, in session: SessionName) {
        if runs[key]?.activation == 0 { runs[key]?.activation = freshContent() }
        sessions[session] = ActiveRun(run: key, activation: runs[key]?.activation ?? 0)
        changedSessions.insert(session)
    }

    /// The run is active in no session any more.
    private func deactivate(_ key: String) { runs[key]?.activation = freshContent() }

    /// A run, or what waited, is gone.
    private func remove(_ run: WorkingRun) {
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
