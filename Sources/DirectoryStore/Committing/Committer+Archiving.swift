internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Committer {
    /// Plans the move of a run into the archive.
    func planArchive(_ target: RunTarget) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard let run = folder.run, let place = folder.place else { throw missing(folder) }
        let plan = WritePlan(folder: folder.name, outcome: WriteOutcome(effect: .written, run: run))
        plan.goesAlone = true
        switch place {
        case .archived:
            plan.outcome = WriteOutcome(effect: .unchanged, run: run)
            return plan
        case .pending: throw .notInitialised(run)
        case .initialised: break
        }
        if isTaken(folder.name, .archived) { throw .placeTaken(run, archive: true) }
        plan.add(.move(.archived))
        deactivate(run, plan)
        plan.whenDone { $0.logs.forget(run.description) }
        return plan
    }

    /// Plans the move of a run back from the archive.
    func planRestore(_ target: RunTarget) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        guard let run = folder.run, let place = folder.place else { throw missing(folder) }
        let plan = WritePlan(folder: folder.name, outcome: WriteOutcome(effect: .written, run: run))
        plan.goesAlone = true
        if place != .archived {
            // The id is in use again, or the run never was in the archive.
            if Files.isOwnDirectory(paths.data(folder.name, .archived)) { throw .placeTaken(run, archive: false) }
            if place == .pending { throw .notInitialised(run) }
            plan.outcome = WriteOutcome(effect: .unchanged, run: run)
            return plan
        }
        if isTaken(folder.name, .initialised) || isTaken(folder.name, .pending) {
            throw .placeTaken(run, archive: false)
        }
        plan.add(.restore)
        plan.whenDone { $0.logs.forget(run.description) }
        return plan
    }

    /// Whether the name that a run would have at a place is taken, by a run or anything else.
    private func isTaken(_ folder: String, _ place: RunPlace) -> Bool {
        clinux_kind_at(paths.run(folder, place), 0) != CLINUX_NOTHING
    }
}
