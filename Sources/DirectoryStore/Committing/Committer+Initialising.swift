internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Committer {
    /// Plans the initialising of a run: what waits for it, and what waits for the session's next run, becomes its
    /// metadata; what is given now comes on top; what tfruns' reader needs is there in any case.
    /// - Returns: nil when it has to be the first of its batch and is not
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
        // Of a new run nothing is there that an earlier write could have changed, or a later one look at.
        let isNew = waiting == nil && folder.place == nil && isFree(run)
        if !isNew, !isAlone { return nil }
        let plan = try begin(folder)
        plan.goesAlone = !isNew
        plan.outcome = WriteOutcome(effect: .written, run: run)
        if folder.place == .initialised, try property(.start, folder) != nil {
            // It takes what is given, as it would by other requests.
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
        // What ended while it was pending is no run to go on with.
        let hasEnded = try hasEnded(folder)
        if !hasEnded, !given.contains(.end) { activate(session, run, plan) }
        plan.whenDone { $0.logs.forget(run.description) }
        if isNew {
            plannedStarts.insert(run.description)
            plan.outcome.snapshot = snapshot(of: run, madeBy: plan.records)
        }
        return plan
    }

    /// A new run as it will be once records are done.
    private func snapshot(of run: RunID, madeBy records: [RedoRecord]) -> RunSnapshot {
        let summary = RunDocuments(of: records).summary(of: run, nil)
        // The clock that files get their times from: no later read tells an earlier time.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &now)
        let updated = summary.updated(Double(now.tv_sec) + Double(now.tv_nsec) / 1e9)
        let paths = Set(records.compactMap { $0.path.flatMap(DataPath.init) })
        return RunSnapshot(
            run: run,
            status: summary.status(updated: updated, now: settings.clock(), staleAfter: settings.rules.staleAfter),
            updated: updated, summary: summary, files: paths.sorted { $0.description < $1.description })
    }

    /// Whether a run has source once a plan is done.
    private func hasSource(_ folder: RunFolder, _ plan: WritePlan) throws(StoreError) -> Bool {
        if plan.records.contains(where: { $0.path == DataPath.source.description }) { return true }
        return try directory(of: folder)?.status(RunPath(.source)) != nil
    }

    /// Whether nothing has a run's name, nor will have when the batch is done.
    private func isFree(_ run: RunID) -> Bool {
        let name = run.description
        return !plannedStarts.contains(name) && applier.place(of: name) == nil
            && clinux_kind_at(paths.run(name, .initialised), 0) == CLINUX_NOTHING
    }

    /// Plans the writing of what a run is given at its start.
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

    /// Looks whether a run can be put in its place: a directory that something else made may be there, without
    /// metadata.
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
        // Those of this second that were made before are not looked for again.
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

    /// Plans the exact list of a file that the plan writes; without one, that an earlier one goes.
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
