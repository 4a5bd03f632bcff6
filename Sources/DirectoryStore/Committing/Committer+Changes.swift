internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

extension Committer {
    /// Plans the changes that a writer made from a body; nil if it has to be the first of its batch and is not.
    func planChanges(
        _ changes: [DataChange], _ target: RunTarget, by sender: String?, isAlone: Bool
    ) throws(StoreError) -> WritePlan? {
        let folder = folder(of: target)
        let plan = try begin(folder)
        if folder.place == nil { try pending.add(folder.name, by: sender) }
        for change in changes {
            do throws(StoreError) {
                if case .rows(let rows) = change {
                    guard try add(rows, to: plan, isAlone: isAlone) else {
                        logs.forget(folder.name)
                        return nil
                    }
                } else {
                    try add(change, folder, to: plan)
                }
            } catch {
                // The rows of the write are not written either.
                if let rows = plan.rows { rows.log.unplan(rows.bytes) }
                throw error
            }
        }
        plan.goesAlone = plan.goesAlone || changes.contains(where: \.readsTheDirectory)
        try finishProperties(folder, plan)
        if plan.records.contains(where: { $0.step != .create }) { plan.makeStepOfRows() }
        return plan
    }

    func add(_ change: DataChange, _ folder: RunFolder, to plan: WritePlan) throws(StoreError) {
        switch change {
        case .put(let path, let bytes):
            try version(RunPath(path), folder)
            plan.add(.put(path.description, bytes))
        case .remove(let path):
            do throws(StoreError) { try version(RunPath(path), folder) } catch {
                // Another program put something else at this path; leave it.
                if path.isSent { return }
                throw error
            }
            plan.add(.remove(path.description))
        case .rows: return
        case .frame(let frame): try replaceMetrics(by: frame, folder, plan)
        case .append(let path, let head, let bytes):
            try version(RunPath(path), folder)
            let end = try end(of: path, folder, plan)
            plan.add(.append(path.description, offset: end, end == 0 ? head + bytes : bytes))
        case .publishFolder(let staged, let path, let base):
            let directory = try directory(of: folder)
            switch try storing({ () throws(FileFailure) in try directory?.look(RunPath(path)) }) {
            case nil, .nothing, .folder: break
            // A file there would be exchanged for the folder, and lost.
            case .file, .other, .blocked:
                throw .unreadable("the run's \(path) is not a folder, so no folder can be published there; remove it")
            case .link(let link): throw .outOfReach("\"\(link)\" is a link, and nothing is written through links")
            }
            let status = directory.flatMap { try? $0.ownStatus(RunPath(path).bytes) }
            guard status.flatMap({ BlobVersion(folder: $0) }) == base else { throw .changedMeanwhile(path) }
            plan.add(.publishFolder(path.description, staged: staged.name, inode: staged.inode))
            plan.whenDone { _ in withExtendedLifetime(staged) {} }
        case .publish(let file, let path, let base):
            let there = try version(RunPath(path), folder)
            if let base, there.map({ BlobVersion($0) }) != base { throw .changedMeanwhile(path) }
            plan.add(.publish(path.description, staged: file.name))
            plan.whenDone { _ in file.published() }
        case .artifact(let file, let path, let condition):
            try publish(file, at: path, if: condition, folder, plan)
        case .removeArtifact(let path, let condition): try remove(path, if: condition, folder, plan)
        case .script(let script, let files):
            let path = DataPath.property(.script).description
            let given = plan.records.last { $0.path == path }?.text.map { PropertyText.read($0) }
            let text = if let given { given } else { try property(.script, folder) }
            if let text, ScriptName.isFound(text, among: files) { return }
            try put(.script, script, folder, plan)
        case .end(let completed): try end(folder, completed: completed, plan)
        }
    }

    /// Plans the removal of a run.
    func planPurge(_ target: RunTarget, force: Bool) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard let place = folder.place, let run = folder.run else { throw missing(folder) }
        if place != .archived, !force { throw .notArchived(run) }
        return planRemoval(of: folder, place)
    }

    /// Plans the removal of a pending run, or of what waits for a session's next run.
    func planPurgePending(_ target: RunTarget, unchangedFor seconds: Double) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard let place = folder.place else { throw missing(folder) }
        if let run = folder.run, place != .pending { throw .notArchived(run) }
        if seconds > 0, let directory = try directory(of: folder),
            !RunFiles.isUnchanged(directory, since: wallClock() - seconds)
        {
            throw .writtenMeanwhile
        }
        return planRemoval(of: folder, place)
    }

    private func planRemoval(of folder: RunFolder, _ place: RunPlace) -> WritePlan {
        let plan = WritePlan(folder: folder.name, outcome: WriteOutcome(effect: .written, run: folder.run))
        plan.goesAlone = true
        plan.records.append(deletion(of: folder))
        if let run = folder.run { deactivate(run, plan) }
        plan.whenDone { committer in
            committer.logs.forget(folder.name)
            committer.waiting.forget(folder.name)
            _ = committer.views.take(folder.name)
            if place == .pending { committer.pending.remove(folder.name) } else { committer.runs.remove() }
        }
        return plan
    }

    /// The record that removes a folder.
    func deletion(of folder: RunFolder) -> RedoRecord {
        RedoRecord(folder.name, .delete(aside: "deleted-\(Int(settings.clock() * 1e6))-\(monotonicNanoseconds())"))
    }

    /// Plans that the run is no longer active in any session.
    func deactivate(_ run: RunID, _ plan: WritePlan) {
        let sessions = self.sessions
        let names = sessions.sessions(of: run)
        for session in names { plan.records.append(RedoRecord("", .activate(session: session.description))) }
        plan.whenDone { _ in for session in names { sessions.set(session, to: nil) } }
    }

    /// Plans the writing of a property.
    func put(
        _ name: PropertyName, _ text: String, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        try version(RunPath(DataPath.property(name)), folder)
        plan.add(.put(DataPath.property(name).description, PropertyText.file(text)))
    }

    // MARK: What is there

    /// The most bytes of a property that describes the run's state, as for listings.
    private static let longestProperty = 1 << 20

    /// A property's text; nil if there is none.
    func property(_ name: PropertyName, _ folder: RunFolder) throws(StoreError) -> String? {
        guard let directory = try directory(of: folder) else { return nil }
        let path = RunPath(DataPath.property(name))
        return try storing { () throws(FileFailure) in try directory.readIfInReach(path, atMost: Self.longestProperty) }
            .map { PropertyText.read($0) }
    }

    /// Whether a run has an end. An empty one, or NA, as R writes missing values, does not count.
    func hasEnded(_ folder: RunFolder) throws(StoreError) -> Bool {
        try property(.end, folder).map { !TypedProperty.isMissing($0) } ?? false
    }

    /// All properties, by name.
    func properties(_ folder: RunFolder) throws(StoreError) -> [(String, String)] {
        guard let directory = try directory(of: folder) else { return [] }
        return try storing { () throws(FileFailure) in try RunFiles.properties(in: directory) }
    }
}

extension WritePlan {
    /// Adds a step in the plan's folder.
    func add(_ step: RedoRecord.Step) { records.append(RedoRecord(folder, step)) }
}
