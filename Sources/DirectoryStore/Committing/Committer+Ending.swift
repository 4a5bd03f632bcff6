internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Ending a run, and continuing it.
extension Committer {
    /// Plans the end of a run. A run that has ended keeps its end.
    /// - Parameter time: the property's text; nil: now
    func end(
        _ folder: RunFolder, completed: Bool, at time: String? = nil, _ plan: WritePlan
    ) throws(StoreError) {
        if try hasEnded(folder) { return }
        try put(.end, time ?? PropertyText.seconds(settings.clock()), folder, plan)
        try put(.completed, completed ? "TRUE" : "FALSE", folder, plan)
        if let run = folder.run { deactivate(run, plan) }
        try takeUpFrame(folder, plan)
    }

    private func hasFailed(_ folder: RunFolder) throws(StoreError) -> Bool {
        try directory(of: folder)?.status(RunPath(.error)) != nil
    }

    /// Plans the end of a run that reports itself how it ended.
    func planComplete(_ target: RunTarget, _ end: RunEnd) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard folder.place != nil, let run = folder.run else { throw missing(folder) }
        let plan = try begin(folder)
        plan.goesAlone = true
        let hasEnded = try hasEnded(folder)
        let directory = try directory(of: folder)
        try end.check(run, hasFailed: try hasFailed(folder), hasEnded: hasEnded) { path throws(StoreError) in
            try storing { () throws(FileFailure) in try directory?.readIfInReach(RunPath(path)) }
        }
        if !hasEnded {
            try self.end(folder, completed: end.isCompleted, at: end.end, plan)
            for change in end.evaluation { try add(change, folder, to: plan) }
            return plan
        }
        plan.outcome = WriteOutcome(effect: .unchanged, run: run)
        return plan
    }

    /// Plans the continuation of a run that has ended.
    func planResume(_ target: RunTarget, _ session: SessionName) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard folder.place != nil, let run = folder.run else { throw missing(folder) }
        if folder.place == .pending { throw .notInitialised(run) }
        let plan = try begin(folder)
        plan.goesAlone = true
        let hasFailed = try hasFailed(folder)
        guard try hasEnded(folder) || hasFailed else {
            plan.outcome = WriteOutcome(effect: .unchanged, run: run)
            return plan
        }
        if try property(.end, folder) != nil { plan.add(.remove(DataPath.property(.end).description)) }
        try put(.completed, "FALSE", folder, plan)
        if hasFailed { try keepError(folder, plan) }
        if sessions[session] != run {
            try sessions.expectRoom(for: run)
            activate(session, run, plan)
        }
        try finishProperties(folder, plan)
        return plan
    }

    /// Plans the move of the run's error to those of earlier attempts.
    private func keepError(_ folder: RunFolder, _ plan: WritePlan) throws(StoreError) {
        guard let directory = try directory(of: folder) else { return }
        var number = 1
        while directory.status(RunPath(DataPath.earlierError(number))) != nil { number += 1 }
        try version(RunPath(DataPath.earlierError(number)), folder)
        let error = try storing { () throws(FileFailure) in try directory.read(RunPath(.error)) }
        plan.add(.put(DataPath.earlierError(number).description, error ?? []))
        plan.add(.remove(DataPath.error.description))
    }

    // MARK: Removing

    /// Plans the removal of metadata.
    func planRemoval(of removed: RemovedMetadata, _ target: RunTarget) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard folder.place != nil else { throw missing(folder) }
        let plan = try begin(folder)
        plan.goesAlone = true
        guard let directory = try directory(of: folder) else { throw missing(folder) }
        let paths: [DataPath]
        switch removed {
        case .files(let files): paths = files
        case .properties:
            let names = try storing { () throws(FileFailure) in try RunFiles.propertyNames(in: directory) }
            paths = names.filter { !RemovedMetadata.lasting.contains($0) }.compactMap {
                DataPath("\(DataPath.properties)/\($0)")
            }
        case .folder(let path): paths = try RunFiles.files(in: directory, below: path).map(\.path)
        }
        for path in paths where try version(RunPath(path), folder) != nil { plan.add(.remove(path.description)) }
        if plan.records.isEmpty { throw .nothingThere }
        if paths.contains(.metricsRows) {
            let name = folder.name
            logs.forget(name)
            plan.whenDone { committer in
                committer.logs.forget(name)
                committer.metricsFiles.forget(name)
                _ = committer.views.take(name)
            }
        }
        return plan
    }
}
