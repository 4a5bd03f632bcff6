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
        var plan = try begin(folder)
        plan.goesAlone = !isNew
        plan.outcome = WriteOutcome(effect: .written, run: run)
        if folder.place == .initialised, try property(.start, folder) != nil {
            // It takes what is given, as it would by other requests.
            try write(start, folder, &plan)
            try finishProperties(folder, &plan)
            let hasScript = start.properties.contains { $0.name == .script }
            let hasSource = if hasScript { try hasSource(folder, plan) } else { false }
            plan.outcome = WriteOutcome(effect: plan.records.isEmpty ? .unchanged : .written, run: run)
            plan.outcome.existed = true
            plan.outcome.hasSource = hasSource
            if try !hasEnded(folder), sessions[session] != run { activate(session, run, &plan) }
            return plan
        }
        if folder.place != .initialised, !isNew { try expectRoom(for: folder) }
        var given = Set(start.properties.map(\.name))
        if let waiting { given.formUnion(try adopt(waiting, into: folder, &plan)) }
        try write(start, folder, &plan)
        for (name, text) in RunStart.defaults(of: run, at: settings.clock()) where !given.contains(name) {
            if try property(name, folder) == nil { try put(name, text, folder, &plan) }
        }
        try finishProperties(folder, isStart: true, &plan)
        plan.outcome.hasSource = try hasSource(folder, plan)
        if folder.place != .initialised { plan.add(.move(.initialised)) }
        if folder.place == .pending { plan.whenDone { $0.pending.remove() } }
        if let waiting { plan.records.append(deletion(of: waiting)) }
        // What ended while it was pending is no run to go on with.
        let hasEnded = try hasEnded(folder)
        if !hasEnded, !given.contains(.end) { activate(session, run, &plan) }
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
    private func write(_ start: RunStart, _ folder: RunFolder, _ plan: inout WritePlan) throws(StoreError) {
        if let flags = start.flags {
            try version(RunPath(.flags), folder)
            plan.add(.put(DataPath.flags.description, flags.file))
            try putExact(flags.sent, of: .flags, folder, &plan)
        }
        for (name, file) in start.properties {
            try version(RunPath(DataPath.property(name)), folder)
            plan.add(.put(DataPath.property(name).description, file))
        }
    }

    /// Looks whether a run can be put in its place: a directory that something else made may be there, without metadata.
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

    func activate(_ session: SessionName, _ run: RunID, _ plan: inout WritePlan) {
        plan.records.append(RedoRecord(run.description, .activate(session: session.description)))
        plan.whenDone { $0.sessions.set(session, to: run) }
    }

    private func waitingFolder(_ session: SessionName) -> RunFolder? {
        let name = RunLayout.sessionMark + session.description
        return applier.place(of: name).map { RunFolder(name: name, place: $0, run: nil) }
    }

    /// Plans the move of all that waits for the session into the run. Where both have a file, the younger one is kept; their
    /// metrics are joined, unless the younger ones are a whole frame; artifacts come along.
    /// - Returns: the properties that came along
    private func adopt(
        _ waiting: RunFolder, into folder: RunFolder, _ plan: inout WritePlan
    ) throws(StoreError) -> Set<PropertyName> {
        guard let theirs = try directory(of: waiting) else { return [] }
        let ours = try directory(of: folder)
        var adopted: Set<PropertyName> = []
        for (path, status) in try RunFiles.files(in: theirs) {
            if path == .metricsRows || path == .metricsFrame || path.isSent { continue }
            if path == .output {
                try adoptOutput(theirs, status, of: waiting.name, folder, &plan)
                continue
            }
            guard replaces(status, path, of: ours) else { continue }
            try version(RunPath(path), folder)
            if path == .source || status.st_size > Self.journaled {
                // Too large to be journaled. Its inode number names it: it was published by renaming, or grows in place, in
                // which case recovery writes what came while it waited where it is now.
                plan.add(.adopt(path.description, from: waiting.name, inode: UInt64(status.st_ino)))
            } else if let bytes = try storing({ () throws(FileFailure) in try theirs.read(RunPath(path)) }) {
                plan.add(.put(path.description, bytes))
            }
            if let exact = path.sent {
                let sent = try storing { () throws(FileFailure) in try theirs.read(RunPath(exact)) }
                try putExact(sent, of: path, folder, &plan)
            }
            if let property = path.property { adopted.insert(property) }
        }
        try adoptMetrics(theirs, ours, of: waiting.name, &plan)
        try adoptArtifacts(waiting, into: folder, &plan)
        let from = waiting.name
        plan.whenDone { committer in
            committer.waiting.forget(from)
            committer.logs.forget(from)
            _ = committer.views.take(from)
        }
        return adopted
    }

    /// Output goes on where that of the run ends.
    private func adoptOutput(
        _ theirs: RunDirectory, _ status: stat, of waiting: String, _ folder: RunFolder, _ plan: inout WritePlan
    ) throws(StoreError) {
        try version(RunPath(.output), folder)
        let end = try end(of: .output, folder, plan)
        if end == 0, status.st_size > Self.journaled {
            return plan.add(.adopt(DataPath.output.description, from: waiting, inode: UInt64(status.st_ino)))
        }
        guard let bytes = try storing({ () throws(FileFailure) in try theirs.read(RunPath(.output)) }) else { return }
        plan.add(.append(DataPath.output.description, offset: end, bytes))
    }

    /// Plans the exact list of a file that the plan writes; without one, that an earlier one goes.
    private func putExact(
        _ sent: [UInt8]?, of path: DataPath, _ folder: RunFolder, _ plan: inout WritePlan
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

    /// Bytes of the largest file that waits and goes into the journal when a run takes it.
    private static let journaled = 64 << 10

    /// Where all that there is waits, the file itself moves, at a cost that does not grow with the rows.
    private func adoptMetrics(
        _ theirs: RunDirectory, _ ours: RunDirectory?, of waiting: String, _ plan: inout WritePlan
    ) throws(StoreError) {
        let rowsPath = DataPath.metricsRows
        if let status = theirs.status(RunPath(rowsPath)), status.st_mode & S_IFMT == S_IFREG {
            let holder = ours.map { metricsFiles.holder(of: plan.folder, in: $0) }
            let there = holder == .rows ? ours?.status(RunPath(rowsPath)) : nil
            let hasFrame = holder == .frame
            if there == nil, !hasFrame, status.st_size > Self.journaled {
                plan.add(.adopt(rowsPath.description, from: waiting, inode: UInt64(status.st_ino)))
                return
            }
            let rows = try storing { () throws(FileFailure) in try theirs.read(RunPath(rowsPath)) } ?? []
            if let there {
                plan.add(.append(rowsPath.description, offset: Int(there.st_size), rows))
            } else {
                let earlier = try ours.map { ours throws(StoreError) in hasFrame ? try rowsOfFrame(ours) : [] } ?? []
                plan.add(.put(rowsPath.description, earlier + rows))
            }
            return
        }
        let frame = DataPath.metricsFrame
        // A frame beside rows is a view of them: the rows tell how old they are.
        let hasRows = ours?.status(RunPath(rowsPath)) != nil
        guard let status = theirs.status(RunPath(frame)),
            replaces(status, hasRows ? rowsPath : frame, of: ours),
            let text = try storing({ () throws(FileFailure) in try theirs.read(RunPath(frame)) })
        else { return }
        replaceMetrics(by: text, &plan)
    }

    /// Whether a file that waits is no older than the one of a path in a run, or there is none. The file system's clock goes in
    /// steps of some milliseconds; of two files of one step, the session's counts, as of artifacts.
    private func replaces(_ status: stat, _ path: DataPath, of run: RunDirectory?) -> Bool {
        guard let there = run?.status(RunPath(path)) else { return true }
        return !isBefore(status.st_mtim, there.st_mtim)
    }
}

private func isBefore(_ one: timespec, _ other: timespec) -> Bool {
    (one.tv_sec, one.tv_nsec) < (other.tv_sec, other.tv_nsec)
}
