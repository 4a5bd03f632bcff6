internal import Glibc
internal import RunMetadata

extension Committer {
    /// Plans the initialising of a run: what waits for it, and what waits for the session's next run, becomes its
    /// metadata; what is given now comes on top; what tfruns' reader needs is there in any case.
    func planInitialise(
        _ target: RunTarget, _ session: SessionName, _ start: RunStart
    ) throws(StoreError) -> WritePlan {
        let run: RunID
        switch target {
        case .run(let id): run = id
        case .active: run = freshID()
        }
        let folder = folder(of: .run(run))
        var plan = try begin(folder)
        plan.goesAlone = true
        plan.outcome = WriteOutcome(effect: .written, run: run)
        if folder.place == .initialised, try property(.start, folder) != nil {
            plan.outcome = WriteOutcome(effect: .unchanged, run: run)
            if try property(.end, folder) == nil, sessions[session] != run { activate(session, run, &plan) }
            return plan
        }
        let waiting = self.folder(of: .active(session)).run == nil ? waitingFolder(session) : nil
        var given = Set(start.properties.map(\.name))
        if let waiting { given.formUnion(try adopt(waiting, into: folder, &plan)) }
        if let flags = start.flags { plan.add(.put(DataPath.flags.description, flags)) }
        for (name, file) in start.properties { plan.add(.put(DataPath.property(name).description, file)) }
        for (name, text) in defaults(run) where !given.contains(name) {
            if try property(name, folder) == nil { plan.put(name, text) }
        }
        try checkProperties(plan, folder)
        if folder.place != .initialised { plan.add(.move(.initialised)) }
        if let waiting { plan.records.append(deletion(of: waiting)) }
        // What ended while it was pending is no run to go on with.
        let end = try property(.end, folder)
        let hasEnded = given.contains(.end) || end != nil
        if !hasEnded { activate(session, run, &plan) }
        plan.whenDone { $0.logs.forget(run.description) }
        return plan
    }

    /// What a run has that says nothing else (tfruns' `training_run()` writes the same).
    private func defaults(_ run: RunID) -> [(PropertyName, String)] {
        [
            (.type, "training"), (.context, "remote"), (.script, run.description),
            (.start, secondsText(settings.clock())), (.completed, "FALSE"),
        ]
    }

    /// A new id: the time in UTC, as tfruns makes them, with a number behind it where that is taken.
    private func freshID() -> RunID {
        let stamp = Self.stamp(settings.clock())
        var number = 1
        while true {
            let name = number == 1 ? stamp : "\(stamp)-\(number)"
            if let run = RunID(name), applier.place(of: name) == nil, !Files.isDirectory(paths.run(name, .initialised))
            {
                return run
            }
            number += 1
        }
    }

    /// `%Y-%m-%dT%H-%M-%SZ` (strftime(3)).
    static func stamp(_ seconds: Double) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H-%M-%SZ", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func activate(_ session: SessionName, _ run: RunID, _ plan: inout WritePlan) {
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
        guard let place = waiting.place else { return [] }
        let data = paths.data(waiting.name, place)
        let ours = folder.place.map { paths.data(folder.name, $0) }
        var adopted: Set<PropertyName> = []
        for path in try storing({ () throws(FileFailure) in try RunFiles.paths(in: data) }) {
            if path == .metricsRows || path == .metricsFrame { continue }
            guard let status = Files.status("\(data)/\(path)"), isYounger(status, than: ours, path) else { continue }
            if path == .source || status.st_size > Self.journaled {
                // Too large to be journaled. Its inode number names it: it was published by renaming, or grows in place, in
                // which case recovery writes what came while it waited where it is now.
                plan.add(.adopt(path.description, from: waiting.name, inode: UInt64(status.st_ino)))
            } else if let bytes = try storing({ () throws(FileFailure) in try Files.read("\(data)/\(path)") }) {
                plan.add(.put(path.description, bytes))
            }
            if let property = path.property { adopted.insert(property) }
        }
        try adoptMetrics(data, ours, of: waiting.name, &plan)
        try adoptArtifacts(waiting, into: folder, &plan)
        let from = waiting.name
        plan.whenDone { committer in
            committer.logs.forget(from)
            _ = committer.views.take(from)
        }
        return adopted
    }

    /// Bytes of the largest file that waits and goes into the journal when a run takes it.
    private static let journaled = 64 << 10

    /// Where all that there is waits, the file itself moves, at a cost that does not grow with the rows.
    private func adoptMetrics(
        _ data: String, _ ours: String?, of waiting: String, _ plan: inout WritePlan
    ) throws(StoreError) {
        let rowsPath = DataPath.metricsRows
        if let status = Files.status("\(data)/\(rowsPath)"), status.st_mode & S_IFMT == S_IFREG {
            let there = ours.flatMap { Files.status("\($0)/\(rowsPath)") }
            let hasFrame = ours.map { Files.status("\($0)/\(DataPath.metricsFrame)") != nil } ?? false
            if there == nil, !hasFrame, status.st_size > Self.journaled {
                plan.add(.adopt(rowsPath.description, from: waiting, inode: UInt64(status.st_ino)))
                return
            }
            let rows = try storing { () throws(FileFailure) in try Files.read("\(data)/\(rowsPath)") } ?? []
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
        let hasRows = ours.map { Files.status("\($0)/\(rowsPath)") != nil } ?? false
        guard let status = Files.status("\(data)/\(frame)"),
            isYounger(status, than: ours, hasRows ? rowsPath : frame),
            let text = try storing({ () throws(FileFailure) in try Files.read("\(data)/\(frame)") })
        else { return }
        replaceMetrics(by: text, &plan)
    }

    /// Whether a file is younger than the one of a path in a data directory, or there is none.
    private func isYounger(_ status: stat, than data: String?, _ path: DataPath) -> Bool {
        guard let there = data.flatMap({ Files.status("\($0)/\(path)") }) else { return true }
        return isBefore(there.st_mtim, status.st_mtim)
    }
}

private func isBefore(_ one: timespec, _ other: timespec) -> Bool {
    (one.tv_sec, one.tv_nsec) < (other.tv_sec, other.tv_nsec)
}
