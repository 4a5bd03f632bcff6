internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// Applies redo records to the run directories: when a batch is committed, and again in recovery.
///
/// Used only by the committer.
final class RecordApplier {
    let paths: RunPaths
    private var stagedCount: UInt64 = 0
    /// In the names of staged files: the journal may name those of an earlier process, which recovery must not write
    /// over.
    private let mark = "\(getpid())-\(monotonicNanoseconds())"
    /// The places of folders found in this batch.
    var places: [String: RunPlace?] = [:]
    /// The two most recently used directories, the latest first: a write concerns one run or two, and each directory
    /// takes a descriptor.
    private var opened: [(folder: String, directory: RunDirectory)] = []
    /// The folder of sessions, if it was used in this batch.
    private var sessions: RunDirectory?

    /// Called with deleted folders, which were renamed and have to be emptied later.
    private let onDeleted: @Sendable ([String]) -> Void

    init(paths: RunPaths, onDeleted: @escaping @Sendable ([String]) -> Void = { _ in }) {
        (self.paths, self.onDeleted) = (paths, onDeleted)
    }

    /// Begins a batch: the places of runs have to be found again.
    func beginBatch() {
        places.removeAll(keepingCapacity: true)
        opened = []
        sessions = nil
    }

    /// The folder of sessions, open.
    func sessionsDirectory() throws(FileFailure) -> RunDirectory {
        if let sessions { return sessions }
        let directory = try RunDirectory(paths.sessions)
        sessions = directory
        return directory
    }

    /// A folder's open directory; nil if there is none.
    func directory(of folder: String) throws(FileFailure) -> RunDirectory? {
        if let used = opened.first(where: { $0.folder == folder }) { return used.directory }
        guard let place = place(of: folder) else { return nil }
        let directory = try paths.open(folder, place)
        opened = [(folder, directory)] + opened.prefix(1)
        return directory
    }

    /// The same for one that has to exist.
    func existingDirectory(of folder: String) throws(FileFailure) -> RunDirectory {
        guard let directory = try directory(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        return directory
    }

    /// Records a folder's new place.
    func note(_ folder: String, at place: RunPlace?) {
        places[folder] = .some(place)
        opened = []
    }

    /// The place of a folder, cached during this batch.
    func place(of folder: String) -> RunPlace? {
        if let known = places[folder] { return known }
        let place = paths.locate(folder)
        places[folder] = .some(place)
        return place
    }

    /// Why a write is neither fully applied nor undone, if any is: recovery has to apply it.
    private(set) var halfDone: FileFailure?

    /// A name that was never used in the staging folder.
    /// - Parameter kind: the purpose; all names of a kind are files, or all are folders
    func newStagedPath(_ kind: String = "put") -> String {
        stagedCount += 1
        return "\(paths.staging)/\(kind)-\(mark)-\(stagedCount)"
    }

    /// Applies the steps of one write, all or none: whatever needs room is written to staging, and obstacles are
    /// checked, before anything is published; if a step still fails, the previous steps are undone.
    func apply(_ records: [RedoRecord]) throws(FileFailure) {
        var staged: [String] = []
        var done = StepsDone()
        do throws(FileFailure) {
            let records = records[try create(records, &done)...]
            for record in records {
                switch record.step {
                case .create: try apply(record, &done)
                case .put(let path, let bytes):
                    try prepare(record.folder, path)
                    staged.append(try stage(bytes))
                case .publish(let path, _): try prepare(record.folder, path)
                default: continue
                }
            }
            var next = staged.makeIterator()
            for record in records {
                switch record.step {
                case .create: continue
                case .put(let path, _):
                    let directory = try existingDirectory(of: record.folder)
                    try place(next.next() ?? "", at: RunPath(record: path), in: directory, &done)
                case .activate(let session): try activate(record.folder, RunPath(session: session), &done)
                default: try apply(record, &done)
                }
            }
        } catch {
            takeBack(done)
            for path in staged { unlink(path) }
            beginBatch()
            throw error
        }
        settle(done)
    }

    private func settle(_ done: StepsDone) {
        let deleted = done.settle()
        if !deleted.isEmpty { onDeleted(deleted) }
    }

    /// Steps to undo when there are descriptors or memory again.
    private var unfinished: [StepsDone] = []

    private func takeBack(_ done: StepsDone) {
        var done = done
        guard let failure = done.takeBack() else { return }
        if failure.isShortage { unfinished.append(done) } else { halfDone = halfDone ?? failure }
    }

    /// Continues undoing steps that could not be undone for lack of descriptors or memory.
    func finishTakingBack() throws(FileFailure) {
        while var done = unfinished.last {
            let failure = done.takeBack()
            unfinished.removeLast()
            guard let failure else { continue }
            if failure.isShortage { unfinished.append(done) } else { halfDone = halfDone ?? failure }
            throw failure
        }
    }

    /// Undoes the creation of a folder that is empty.
    func uncreate(_ folder: String) {
        rmdir(paths.data(folder, .pending))
        rmdir(paths.run(folder, .pending))
        note(folder, at: nil)
    }

    /// Ensures that a file can be put at a path: its folders exist, and no folder or link has the path.
    func prepare(_ folder: String, _ path: String) throws(FileFailure) {
        try existingDirectory(of: folder).prepare(RunPath(record: path))
    }

    /// Applies one step again, after a crash. Steps already done are left; a run that was removed by hand is not made
    /// again, unless the journal has its creation.
    func redo(_ record: RedoRecord) throws(FileFailure) {
        var done = StepsDone()
        defer { settle(done) }
        if record.step == .create {
            if place(of: record.folder) == nil { try apply(record, &done) }
            return
        }
        if case .activate = record.step {
            try apply([record])
            return
        }
        guard let place = place(of: record.folder) else { return }
        switch record.step {
        case .put(let path, let bytes):
            try prepare(record.folder, path)
            let staged = try stage(bytes)
            do throws(FileFailure) {
                let directory = try existingDirectory(of: record.folder)
                try self.place(staged, at: RunPath(record: path), in: directory, &done)
            } catch {
                unlink(staged)
                throw error
            }
        case .publish(_, let staged): if Files.status("\(paths.staging)/\(staged)") != nil { try apply(record, &done) }
        // A run that is at neither place was moved by hand since, and stays.
        case .move(let target): if place == .pending || target != .initialised { try apply(record, &done) }
        case .restore: if place == .archived { try apply(record, &done) }
        default: try apply(record, &done)
        }
    }
}
