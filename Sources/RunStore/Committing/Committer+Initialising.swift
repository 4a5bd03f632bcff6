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
        for (name, text) in start.properties { plan.put(name, text) }
        for (name, text) in defaults(run) where !given.contains(name) {
            if try property(name, folder) == nil { plan.put(name, text) }
        }
        if folder.place != .initialised { plan.add(.move(.initialised)) }
        if let waiting { plan.records.append(RedoRecord(waiting.name, .delete)) }
        activate(session, run, &plan)
        let earlier = plan.committed
        plan.committed = { committer in
            earlier?(committer)
            committer.logs.forget(run.description)
        }
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
        let earlier = plan.committed
        plan.committed = { committer in
            earlier?(committer)
            committer.sessions.set(session, to: run)
        }
    }

    private func waitingFolder(_ session: SessionName) -> RunFolder? {
        let name = RunLayout.sessionMark + session.description
        return applier.place(of: name).map { RunFolder(name: name, place: $0, run: nil) }
    }

    /// Plans the move of all that waits for the session into the run. Where both have a file, rows of metrics are joined,
    /// and of anything else the younger file is kept.
    /// - Returns: the properties that came along
    private func adopt(
        _ waiting: RunFolder, into folder: RunFolder, _ plan: inout WritePlan
    ) throws(StoreError) -> Set<PropertyName> {
        guard let place = waiting.place else { return [] }
        let data = paths.data(waiting.name, place)
        var adopted: Set<PropertyName> = []
        for path in try storing({ () throws(FileFailure) in try RunFiles.paths(in: data) }) {
            guard let status = Files.status("\(data)/\(path)") else { continue }
            let there = folder.place.flatMap { Files.status("\(paths.data(folder.name, $0))/\(path)") }
            if path == .metricsRows, there != nil, let ours = folder.place {
                let rows = try storing { () throws(FileFailure) in
                    (try Files.read("\(paths.data(folder.name, ours))/\(path)") ?? [])
                        + (try Files.read("\(data)/\(path)") ?? [])
                }
                plan.add(.put(path.description, rows))
            } else if there.map({ isBefore($0.st_mtim, status.st_mtim) }) ?? true {
                plan.add(.adopt(path.description, from: waiting.name, inode: UInt64(status.st_ino)))
                if let property = path.property { adopted.insert(property) }
            }
        }
        let (from, to) = (waiting.name, folder.name)
        plan.committed = { committer in
            committer.logs.forget(from)
            committer.logs.forget(to)
            if committer.views.take(from) { committer.views.insert(to) }
        }
        return adopted
    }
}

private func isBefore(_ one: timespec, _ other: timespec) -> Bool {
    (one.tv_sec, one.tv_nsec) < (other.tv_sec, other.tv_nsec)
}
