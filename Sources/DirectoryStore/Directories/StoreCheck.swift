internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Checks a runs directory for faults that would trouble tfruns or the server (`rundir check`).
package final class StoreCheck {
    /// Something found.
    package struct Finding: Sendable, CustomStringConvertible {
        /// A path below the runs directory.
        package let path: String
        package let fault: String
        /// How `--repair` repairs it; nil if only a person can.
        package let repair: String?
        /// Whether that was done.
        package fileprivate(set) var isRepaired = false

        package var description: String {
            let cure =
                isRepaired ? "repaired: \(repair ?? "")" : repair.map { "--repair: \($0)" } ?? "repair it by hand"
            return "\(path): \(fault) (\(cure))"
        }
    }

    /// A run that is not initialised yet.
    package struct Pending: Sendable {
        /// A run id, or a session's name after `@`.
        package let name: String
        /// Seconds since 1970 of the last write to it.
        package let changed: Double
    }

    let paths: RunPaths
    private(set) var repairs: Bool
    package private(set) var findings: [Finding] = []
    package private(set) var runCount = 0
    /// The pending runs, the oldest first.
    package private(set) var pending: [Pending] = []
    private let onMended: (Finding) -> Void
    /// Held until all repairs are done, so that no server starts meanwhile.
    private var ownership: RunsOwnership?

    /// Checks a runs directory, and repairs what it can if `repairs`; then no server may have it open.
    /// - Parameter onMended: called with each finding after its repair
    package init(runs: String, repairs: Bool, onMended: @escaping (Finding) -> Void = { _ in }) throws {
        self.onMended = onMended
        paths = RunPaths(runs: runs)
        self.repairs = repairs
        guard Files.isDirectory(runs) else { throw FileFailure("open", runs, errno: ENOENT) }
        if repairs {
            for path in [paths.own, paths.journal, paths.pending, paths.sessions, paths.staging] {
                try Files.makeDirectories(path)
            }
            ownership = try RunsOwnership(paths, lock: DirectoryRunStore.takeLock(paths))
        }
        defer { ownership = nil }
        try checkJournal()
        var found: [String: [String]] = [:]
        for place in [RunPlace.initialised, .archived, .pending] {
            for name in try Files.names(in: paths.container(place)).sorted() {
                guard try checkRun(name, place) else { continue }
                found[name, default: []].append(paths.relative(paths.run(name, place)))
            }
        }
        for (_, places) in found.sorted(by: { $0.key < $1.key }) where places.count > 1 {
            let others = places.dropFirst().joined(separator: ", ")
            report(
                places[0], "there is another run with this id, which the server does not see: \(others)", repair: nil)
        }
        pending.sort { $0.changed < $1.changed }
        try checkSessions()
        try checkIndex()
    }

    /// Checks a directory that may be a run. Whatever its contents, the check of others continues.
    /// - Returns: whether it is a run
    private func checkRun(_ name: String, _ place: RunPlace) throws -> Bool {
        let path = paths.relative(paths.run(name, place))
        if clinux_kind_at(paths.run(name, place), 0) == CLINUX_LINK, RunID(name) != nil {
            report(path, "is a link, which the server does not follow; put the directory itself there", repair: nil)
            return false
        }
        let data = clinux_kind_at(paths.data(name, place), 0)
        guard data == CLINUX_DIRECTORY || data == CLINUX_LINK else {
            if place == .pending { try checkNothing(name) }
            return false
        }
        runCount += 1
        do {
            let directory = try paths.open(name, place)
            if place == .pending { pending.append(Pending(name: name, changed: RunFiles.updated(directory))) }
            try RunCheck(name: name, place: place, directory: directory, check: self).run()
            if place != .pending, let run = RunID(name),
                let fault = IndexCheck.unreadable(run, place, paths.run(name, place))
            {
                report(path, "is listed only in part: \(fault)", repair: nil)
            }
        } catch let failure as FileFailure {
            let file = failure.isInRun ? "\(path)/\(failure.path)" : paths.relative(failure.path)
            report(file, "cannot be read: \(failure.call): \(failure.errno)", repair: nil)
        } catch {
            report(path, "cannot be checked: \(error)", repair: nil)
        }
        return true
    }

    private func checkIndex() throws {
        guard let fault = IndexCheck.fault(paths) else { return }
        try mend(paths.relative(paths.index), fault, "rebuild it") {
            _ = try IndexBuilder(paths: paths, progress: IndexProgress()).build()?.close()
        }
    }

    /// Checks whether the journal can be read, and replays it if `repairs`.
    private func checkJournal() throws {
        let path = paths.relative(paths.journal)
        do {
            let recovery = try JournalRecovery(directory: paths.journal)
            for name in recovery.strays {
                let fault =
                    name.hasSuffix(Redo.unappliedMark)
                    ? "has acknowledged writes that could not be applied because of what was in their runs' directories; remove it when "
                        + "they are no longer needed"
                    : "is not a segment of the journal; the server ignores it"
                report("\(path)/\(name)", fault, repair: nil)
            }
            guard !recovery.writes.isEmpty || (repairs && !recovery.segments.isEmpty) else { return }
            let isNews = !recovery.writes.isEmpty
            let finding = findings.count
            if isNews {
                report(
                    path, "\(recovery.writes.count) writes that a server would apply again (one may be running)",
                    repair: "apply them")
            }
            guard repairs else { return }
            let redo = Redo(
                recovery, paths: paths, applier: RecordApplier(paths: paths), applied: try AppliedMark.read(paths))
            do throws(FileFailure) { try redo.run() } catch {
                repairs = false
                report(path, "they cannot be applied: \(error)", repair: nil)
                return
            }
            for (folder, failure) in redo.unapplied {
                report(folder, "a write in the journal cannot be applied: \(failure)", repair: nil)
            }
            if isNews { findings[finding].isRepaired = redo.unapplied.isEmpty }
        } catch let damage as JournalRecovery.Damage {
            // The journal's writes might have repaired the rest.
            repairs = false
            report("\(path)/\(damage.segment)", "\(damage)", repair: nil)
        }
    }

    /// Checks a pending folder without a run.
    private func checkNothing(_ name: String) throws {
        let folder = paths.run(name, .pending)
        let isEmpty = try Files.isOwnDirectory(folder) && Files.names(in: folder).isEmpty
        try mend(
            paths.relative(folder), "is not a pending run: it has no \(RunLayout.dataDirectory)",
            isEmpty ? "remove the empty folder" : nil
        ) {
            if rmdir(folder) != 0 { throw FileFailure("rmdir", folder) }
        }
    }

    /// Checks whether each session's run exists.
    private func checkSessions() throws {
        for name in try Files.names(in: paths.sessions).sorted() {
            let file = "\(paths.sessions)/\(name)"
            guard let bytes = try Files.read(file) else { continue }
            let run = Sessions.run(in: bytes)
            if let run, paths.locate(run.description) == .initialised { continue }
            let fault = run.map { "names the run \"\($0)\" as active, which does not exist" } ?? "names no run"
            try mend(paths.relative(file), fault, "remove it") {
                try Files.remove(file)
            }
        }
    }

    /// - Parameter path: below the runs directory
    func report(_ path: String, _ fault: String, repair: String?) {
        findings.append(Finding(path: path, fault: fault, repair: repair))
    }

    func mend(_ path: String, _ fault: String, _ repair: String?, _ body: () throws -> Void) throws {
        report(path, fault, repair: repair)
        guard repairs, repair != nil else { return }
        try body()
        findings[findings.count - 1].isRepaired = true
        onMended(findings[findings.count - 1])
    }
}

extension RunPaths {
    /// A path below the runs directory, for messages.
    func relative(_ path: String) -> String {
        path.hasPrefix(runs + "/") ? String(path.dropFirst(runs.count + 1)) : path
    }
}
