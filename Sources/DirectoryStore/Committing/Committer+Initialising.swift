internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Committer {
    /// Plans the initialising of a run. Its metadata is what waits for it, and what waits for the session's next run;
    /// then what is given now; then whatever tfruns' reader needs and is still missing.
    /// - Returns: nil if it has to be the first of its batch and is not
    func planInitialise(
        _ target: RunTarget, _ session: SessionName, _ start: RunStart, isAlone: Bool
    ) throws(StoreError) -> WritePlan? {
        let run: RunID
        switch target {
        case .run(let id): run = id
        case .active: run = freshID()
        }
        let folder = folder(of: .run(run))
        let waiting = self.folder(of: .active(session)).run == nil ? waitingFolder(session) : nil
        // A new run has nothing that an earlier write could have changed, or a later plan could read.
        let isNew = waiting == nil && folder.place == nil && isFree(run)
        if !isNew, !isAlone { return nil }
        let plan = try begin(folder)
        plan.goesAlone = !isNew
        plan.outcome = WriteOutcome(effect: .written, run: run)
        if folder.place == .initialised, try property(.start, folder) != nil {
            // The given metadata is written, as it would be by other requests.
            try write(start, folder, plan)
            try finishProperties(folder, plan)
            let hasScript = start.properties.contains { $0.name == .script }
            let hasSource = if hasScript { try hasSource(folder, plan) } else { false }
            plan.outcome = WriteOutcome(effect: plan.records.isEmpty ? .unchanged : .written, run: run)
            plan.outcome.existed = true
            plan.outcome.hasSource = hasSource
            if try !hasEnded(folder), sessions[session] != run {
                try sessions.expectRoom(for: run)
                activate(session, run, plan)
            }
            return plan
        }
        if folder.place != .initialised {
            if !isNew { try expectRoom(for: folder) }
            let rules = settings.rules
            if rules.mostRuns != nil { try runs.add { count throws(StoreError) in try rules.checkRuns(count) } }
        }
        var given = Set(start.properties.map(\.name))
        if let waiting { given.formUnion(try adopt(waiting, into: folder, plan)) }
        try write(start, folder, plan)
        for (name, text) in RunStart.defaults(of: run, at: settings.clock()) where !given.contains(name) {
            if try property(name, folder) == nil { try put(name, text, folder, plan) }
        }
        try finishProperties(folder, isStart: true, plan)
        plan.outcome.hasSource = try hasSource(folder, plan)
        if folder.place != .initialised { plan.add(.move(.initialised)) }
        if folder.place == .pending { plan.whenDone { $0.pending.remove(folder.name) } }
        if let waiting { plan.records.append(deletion(of: waiting)) }
        // A run that ended while it was pending is not active.
        let hasEnded = try hasEnded(folder)
        if !hasEnded, !given.contains(.end) { activate(session, run, plan) }
        plan.whenDone { $0.logs.forget(run.description) }
        if isNew {
            plannedStarts.insert(run.description)
            plan.outcome.snapshot = snapshot(of: run, madeBy: plan.records)
        }
        return plan
    }

    /// A new run as it will be after its records are applied.
    private func snapshot(of run: RunID, madeBy records: [RedoRecord]) -> RunSnapshot {
        let summary = RunDocuments(of: records).summary(of: run, nil)
        // The clock that sets files' times, so that no later read returns an earlier time.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        let updated = summary.updated(Double(now.tv_sec) + Double(now.tv_nsec) / 1e9)
        let paths = Set(records.compactMap { $0.path.flatMap(DataPath.init) })
        return RunSnapshot(
            run: run,
            status: summary.status(updated: updated, now: settings.clock(), staleAfter: settings.rules.staleAfter),
            updated: updated, summary: summary, files: paths.sorted { $0.description < $1.description })
    }

    /// Whether a run will have source after a plan is done.
    private func hasSource(_ folder: RunFolder, _ plan: WritePlan) throws(StoreError) -> Bool {
        if plan.records.contains(where: { $0.path == DataPath.source.description }) { return true }
        return try directory(of: folder)?.status(RunPath(.source)) != nil
    }

    /// Whether nothing has a run's name, or will have after this batch.
    private func isFree(_ run: RunID) -> Bool {
        let name = run.description
        return !plannedStarts.contains(name) && applier.place(of: name) == nil
            && clinux_kind_at(paths.run(name, .initialised), 0) == CLINUX_NOTHING
    }

    /// Plans the writing of a run's given flags and properties.
    private func write(_ start: RunStart, _ folder: RunFolder, _ plan: WritePlan) throws(StoreError) {
        if let flags = start.flags {
            try version(RunPath(.flags), folder)
            plan.add(.put(DataPath.flags.description, flags.file))
            try putExact(flags.sent, of: .flags, folder, plan)
        }
        for (name, file) in start.properties {
            try version(RunPath(DataPath.property(name)), folder)
            plan.add(.put(DataPath.property(name).description, file))
        }
    }

    /// Checks that a run can be moved to its place: another program may have made a directory there, without metadata.
    private func expectRoom(for folder: RunFolder) throws(StoreError) {
        let kind = clinux_kind_at(paths.run(folder.name, .initialised), 0)
        if kind == CLINUX_FILE || kind == CLINUX_OTHER {
            throw .pathTaken(
                "\"\(folder.name)\" in the runs directory is no directory; remove it, or choose another id")
        }
        if clinux_kind_at(paths.data(folder.name, .initialised), 0) != CLINUX_NOTHING {
            throw .pathTaken(
                "\"\(folder.name)/\(RunLayout.dataDirectory)\" is no directory; remove it, or choose another id")
        }
    }

    /// A new id.
    private func freshID() -> RunID {
        let stamp = RunID.stamp(of: settings.clock())
        // Ids that were made earlier in this second are not tried again.
        var number = lastID.stamp == stamp ? lastID.number + 1 : 1
        defer { lastID = (stamp, number) }
        while true {
            if let run = RunID(stamp: stamp, number: number), isFree(run) { return run }
            number += 1
        }
    }

    func activate(_ session: SessionName, _ run: RunID, _ plan: WritePlan) {
        plan.records.append(RedoRecord(run.description, .activate(session: session.description)))
        plan.whenDone { $0.sessions.set(session, to: run) }
    }

    private func waitingFolder(_ session: SessionName) -> RunFolder? {
        let name = RunTarget.active(session).key
        return applier.place(of: name).map { RunFolder(name: name, place: $0, run: nil) }
    }

    /// Plans the exact list of a file that the plan writes; if there is none, the removal of an earlier one.
    func putExact(
        _ sent: [UInt8]?, of path: DataPath, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        guard let exact = path.sent else { return }
        if let sent {
            try version(RunPath(exact), folder)
            return plan.add(.put(exact.description, sent))
        }
        let isThere = try directory(of: folder)?.status(RunPath(exact)) != nil
        if isThere || plan.records.contains(where: { $0.path == exact.description }) {
            plan.add(.remove(exact.description))
        }
    }
}
