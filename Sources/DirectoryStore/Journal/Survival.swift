internal import Glibc
internal import LocalFiles
internal import RunMetadata

/// Which part of a journal need not be replayed if only the server ended, and not the machine.
///
/// The server writes a frame only after all steps of the previous one are applied. So at most the last one is
/// unapplied, and what is missing of it was never acknowledged, since replies are sent after the steps.
struct Survival {
    /// The last frame that changes anything.
    private let last: UInt64
    private let applied: UInt64
    /// When the last frame was written.
    private let time: timespec
    /// Folders that the last frame creates.
    private let made: Set<String>

    init(_ recovery: JournalRecovery, applied: UInt64) {
        self.applied = applied
        time = recovery.lastWritten
        let changes = recovery.writes.indices.filter { write in
            recovery.writes[write].contains { $0.step != .viewLags }
        }
        let last = changes.last.map { recovery.sequences[$0] } ?? 0
        self.last = last
        made = Set(
            changes.filter { recovery.sequences[$0] == last }.flatMap { recovery.writes[$0] }
                .filter { $0.step == .create }.map(\.folder))
    }

    /// Whether all of a frame was applied.
    func isDone(_ sequence: UInt64) -> Bool { sequence != last || sequence <= applied }

    /// Whether another program has since written or removed the file of a record in the last frame.
    func isOutlived(_ record: RedoRecord, by applier: RecordApplier) throws(FileFailure) -> Bool {
        guard let text = record.path, let path = RunPath.path(record: text),
            let directory = try applier.directory(of: record.folder)
        else { return false }
        let status = try directory.ownStatus(path.bytes)
        if case .append(_, let offset, let bytes) = record.step {
            // By length, since a part may have been written.
            guard let status else { return offset > 0 || !isMissing(path, record.folder, directory) }
            return !(offset..<offset + bytes.count).contains(Int(status.st_size))
        }
        guard let status else { return false }
        return isLater(status.st_mtim)
    }

    /// Whether a missing file never existed: its folder has not changed since.
    private func isMissing(_ path: RunPath, _ folder: String, _ directory: RunDirectory) -> Bool {
        if made.contains(folder) { return true }
        guard let parent = directory.status(path.prefix(path.components.count - 1)) else { return true }
        return !isLater(parent.st_mtim)
    }

    private func isLater(_ time: timespec) -> Bool {
        (time.tv_sec, time.tv_nsec) > (self.time.tv_sec, self.time.tv_nsec)
    }
}
