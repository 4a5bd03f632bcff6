internal import CLinux
internal import Glibc
internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore

/// Owning a runs directory, and replaying its journal at the start.
extension DirectoryRunStore {
    /// Whether the start is finished, so that writes are accepted.
    var isOpen: Bool { committer.start.isOver }

    /// What the disk had no room for when the store was opened, so that writes are not accepted yet; nil if there was
    /// room.
    package var lacksRoomToStart: String? { isOpen ? nil : committer.start.reason }

    /// Whether acknowledged writes to a run are only in the journal.
    func isBehind(_ run: RunID) -> Bool { committer.start.isBehind(run.description) }

    /// Replays the journal as far as there is room, and begins a new one. The keeper calls it until it is finished. No
    /// write is accepted before, so nobody else uses the journal or the applier.
    /// - Returns: whether everything is replayed
    /// - Throws: any failure other than lack of room
    func begin() throws(FileFailure) -> Bool {
        if isOpen { return true }
        do throws(FileFailure) {
            try redo.run()
            // Without it, the next start replays everything.
            committer.applied = try? AppliedMark(paths)
            try committer.journal.begin()
            committer.watchSegment()
            try committer.noteLagging(redo.lagging.sorted())
        } catch {
            // The kernel may have lost pages that it could not write: the next start has to write everything again.
            if error.isSync { AppliedMark.remove(paths) }
            guard error.isNoSpace || error.isShortage, !error.isSync else { throw error }
            committer.start.wait(error, behind: redo.behind)
            return false
        }
        for (folder, failure) in redo.unapplied {
            log.error(
                "a write to \(folder) in the journal cannot be applied, because of what is in the run's directory: \(failure); the segment is kept in the journal as *\(Redo.unappliedMark)"
            )
        }
        for folder in redo.lagging { views.insert(folder) }
        for folder in recovered { index.touched.insert(folder, .anything) }
        committer.start.finish()
        return true
    }

    static func takeLock(_ paths: RunPaths) throws -> CInt {
        let lock = try Files.open(paths.lock, O_RDWR | O_CREAT)
        guard clinux_lock(lock) == 0 else {
            let owner = String(decoding: (try? Files.read(lock, path: paths.lock)) ?? [], as: UTF8.self)
            Glibc.close(lock)
            throw OpenFailure(
                description: "the runs directory \(paths.runs) belongs to another rundir server"
                    + (owner.isEmpty ? "" : " (process \(owner))") + "; stop that one, or choose another --runs",
                isTaken: true)
        }
        ftruncate(lock, 0)
        let owner = Array("\(getpid())".utf8)
        // Only information for people: if the disk has no room for it, the server starts all the same.
        _ = owner.withUnsafeBytes { pwrite(lock, $0.baseAddress, $0.count, 0) }
        return lock
    }
}
