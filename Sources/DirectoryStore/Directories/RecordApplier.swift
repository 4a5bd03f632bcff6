internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Does the steps of redo records in the run directories: when a batch is committed, and again in recovery.
///
/// Used by the one that commits only.
final class RecordApplier {
    let paths: RunPaths
    private var stagedCount: UInt64 = 0
    /// Where folders were found in this batch.
    var places: [String: RunPlace?] = [:]
    /// The two directories that were used last, the later one first: the steps of one write are of one run or two, and each
    /// directory is a descriptor.
    private var opened: [(folder: String, directory: RunDirectory)] = []
    /// The folder of sessions, once it was used in this batch.
    private var sessions: RunDirectory?

    /// Told of folders that were deleted and set aside, which are to be emptied when there is time.
    private let onDeleted: @Sendable ([String]) -> Void

    init(paths: RunPaths, onDeleted: @escaping @Sendable ([String]) -> Void = { _ in }) {
        (self.paths, self.onDeleted) = (paths, onDeleted)
    }

    /// A new batch begins: where runs are has to be found again.
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

    /// A folder's directory, open; nil where there is none.
    func directory(of folder: String) throws(FileFailure) -> RunDirectory? {
        if let used = opened.first(where: { $0.folder == folder }) { return used.directory }
        guard let place = place(of: folder) else { return nil }
        let directory = try paths.open(folder, place)
        opened = [(folder, directory)] + opened.prefix(1)
        return directory
    }

    /// The same of one that has to be there.
    func existingDirectory(of folder: String) throws(FileFailure) -> RunDirectory {
        guard let directory = try directory(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        return directory
    }

    /// Notes where a folder is now.
    func note(_ folder: String, at place: RunPlace?) {
        places[folder] = .some(place)
        opened = []
    }

    /// Where a folder is, as found in this batch.
    func place(of folder: String) -> RunPlace? {
        if let known = places[folder] { return known }
        let place = paths.locate(folder)
        places[folder] = .some(place)
        return place
    }

    /// Why a write is neither done nor taken back, where one is: recovery has to do it.
    private(set) var halfDone: FileFailure?

    /// A name in the staging folder that nothing has, but for what an earlier process left there, which recovery finds.
    /// - Parameter kind: what it is for: of a kind are only files, or only folders
    func newStagedPath(_ kind: String = "put") -> String {
        stagedCount += 1
        return "\(paths.staging)/\(kind)-\(stagedCount)"
    }

    /// Does the steps of one write, all or none: whatever needs room is written aside, and whatever could be in the way is
    /// looked for, before anything is put in place; when a step fails all the same, those before it are taken back.
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

    /// Steps that are to be taken back as soon as there are descriptors or memory for it.
    private var unfinished: [StepsDone] = []

    private func takeBack(_ done: StepsDone) {
        var done = done
        guard let failure = done.takeBack() else { return }
        if failure.isShortage { unfinished.append(done) } else { halfDone = halfDone ?? failure }
    }

    /// Goes on with what was not taken back for want of descriptors or memory.
    func finishTakingBack() throws(FileFailure) {
        while var done = unfinished.last {
            let failure = done.takeBack()
            unfinished.removeLast()
            guard let failure else { continue }
            if failure.isShortage { unfinished.append(done) } else { halfDone = halfDone ?? failure }
            throw failure
        }
    }

    /// Takes back the making of a folder in which nothing is.
    func uncreate(_ folder: String) {
        rmdir(paths.data(folder, .pending))
        rmdir(paths.run(folder, .pending))
        note(folder, at: nil)
    }

    /// Makes sure that a file can be put at a path: its folders are there, and neither a folder nor a link has its place.
    func prepare(_ folder: String, _ path: String) throws(FileFailure) {
        try existingDirectory(of: folder).prepare(RunPath(record: path))
    }

    /// Does one step again, after a crash. What has been done before is left; a run that was removed by hand is not made
    /// anew, unless the journal tells how it was made.
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
        // A run that is neither here nor there was moved by hand since, and stays.
        case .move(let target): if place == .pending || target != .initialised { try apply(record, &done) }
        case .restore: if place == .archived { try apply(record, &done) }
        default: try apply(record, &done)
        }
    }
}
