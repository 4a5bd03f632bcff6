internal import Glibc
internal import LocalFiles
internal import RunMetadata

/// Does again what a server left in its journal, and then drops the journal.
///
/// Where the disk has no room for a record, those after it for the same folder wait too, all others are done, and a
/// later call goes on. Used by the one that starts the store only.
final class Redo {
    /// What records have to be done in their order for: a folder, or a session's file.
    private enum Subject: Hashable {
        case folder(String)
        case session(String)
    }

    private let paths: RunPaths
    private let applier: RecordApplier
    private let segments: [String]
    private var waiting: [RedoRecord] = []
    private var touched = TouchedFiles()
    private var isDropped = false
    /// The folders whose `metrics.json` may lag.
    private(set) var lagging: Set<String> = []

    /// What cannot be done for what something else has made of a run's directory since (a link where a file was), and
    /// why.
    private(set) var unapplied: [(folder: String, failure: FileFailure)] = []
    /// What the names of segments that hold such things end in. They are left for whoever mends the run.
    static let unappliedMark = ".unapplied"

    /// What is known of a server that was killed while the machine went on; nil where all has to be done again.
    private let survival: Survival?

    /// - Parameter applied: the last frame that was done, where the kernel still holds what was (`AppliedMark`)
    init(_ recovery: JournalRecovery, paths: RunPaths, applier: RecordApplier, applied: UInt64? = nil) {
        (self.paths, self.applier, segments) = (paths, applier, recovery.segments)
        survival = applied.map { Survival(recovery, applied: $0) }
        let published = Self.publicationsDone(recovery, paths)
        let deleted = Self.deletionsDone(recovery, paths)
        let adopted = Self.adoptionsDone(recovery, paths)
        var index = -1
        for (write, records) in recovery.writes.enumerated() {
            for record in records {
                index += 1
                if let survival, survival.isDone(recovery.sequences[write]) {
                    // It is there, unless something else has undone it since, and may not be on the disk yet.
                    note(record)
                    continue
                }
                if let moved = Self.redirected(record, index, by: adopted) {
                    waiting.append(moved)
                    continue
                }
                if let last = deleted[record.folder], index <= last { continue }
                if !published.isEmpty,
                    TouchedFiles.File.all(above: record).contains(where: { index < published[$0] ?? 0 })
                {
                    continue
                }
                if case .adopt(let path, let from, _) = record.step {
                    // What was adopted from a folder came before that was deleted; what is there now came later.
                    if let last = deleted[from], index < last { continue }
                    if index < published[TouchedFiles.File(folder: from, path: path)] ?? 0 { continue }
                }
                waiting.append(record)
            }
        }
    }

    /// How many records have to be done again.
    var count: Int { waiting.count }

    /// The folders to which something has not been done.
    var behind: Set<String> { Set(waiting.map(\.folder)) }

    /// Does all records that it can, makes what they did durable, drops the journal, and empties the staging folder.
    /// - Throws: the first failure for want of room, when all else has been done; or any other, at once
    func run() throws(FileFailure) {
        if !isDropped {
            try redo()
            try Checkpoint.sync(touched, paths)
            for segment in segments {
                if unapplied.isEmpty {
                    try Files.remove(segment)
                } else {
                    try Files.rename(segment, to: segment + Self.unappliedMark)
                }
            }
            try Files.sync(paths.journal)
            isDropped = true
        }
        try Files.empty(paths.staging)
    }

    private func redo() throws(FileFailure) {
        applier.beginBatch()
        var full: FileFailure?
        var blocked: Set<Subject> = []
        var rest: [RedoRecord] = []
        for (index, record) in waiting.enumerated() {
            let subjects = Self.subjects(of: record)
            if blocked.isDisjoint(with: subjects) {
                do throws(FileFailure) {
                    if try survival?.isOutlived(record, by: applier) != true {
                        try applier.redo(record)
                    }
                    note(record)
                    continue
                } catch {
                    if error.isOfTheRun {
                        // The other runs must not wait for this one.
                        unapplied.append((record.folder, error))
                        continue
                    }
                    guard error.isNoSpace || error.isShortage else {
                        waiting = rest + waiting[index...]
                        throw error
                    }
                    full = full ?? error
                }
            }
            blocked.formUnion(subjects)
            rest.append(record)
        }
        waiting = rest
        if let full { throw full }
    }

    private static func subjects(of record: RedoRecord) -> [Subject] {
        switch record.step {
        case .activate(let session): [.session(session)]
        case .adopt(_, let from, _): [.folder(record.folder), .folder(from)]
        default: [.folder(record.folder)]
        }
    }

    private func note(_ record: RedoRecord) {
        if let path = record.path { touched.insert(record.folder, path) }
        switch record.step {
        case .append, .viewLags: lagging.insert(record.folder)
        case .put(let path, _): if path == DataPath.metricsRows.description { lagging.insert(record.folder) }
        case .create, .move, .restore, .delete: touched.insert(record.folder, "")
        case .activate(let session): touched.sessions.insert(session)
        case .adopt(let path, _, _): if path == DataPath.metricsRows.description { lagging.insert(record.folder) }
        case .publish, .publishFolder, .remove: return
        }
    }

    /// Folders that the journal tells were deleted, and have been: what was written to them before must not be done
    /// again, least of all to those that were made by the same name since.
    /// - Returns: the last such deletion's place among the records
    private static func deletionsDone(_ recovery: JournalRecovery, _ paths: RunPaths) -> [String: Int] {
        var done: [String: Int] = [:]
        for (index, record) in recovery.writes.joined().enumerated() {
            guard case .delete(let aside) = record.step, Files.isDirectory("\(paths.staging)/\(aside)") else {
                continue
            }
            done[record.folder] = index
        }
        return done
    }

    /// Files and folders that the journal tells were published or adopted, and have been: where what was staged is
    /// gone, or what was adopted has come. What was written to them before must not be done again, since the
    /// publication cannot be.
    /// - Returns: the place among the records behind which that may be done again
    private static func publicationsDone(
        _ recovery: JournalRecovery, _ paths: RunPaths
    ) -> [TouchedFiles.File: Int] {
        var done: [TouchedFiles.File: Int] = [:]
        for (index, record) in recovery.writes.joined().enumerated() {
            switch record.step {
            case .publish(let path, let staged):
                if Files.status("\(paths.staging)/\(staged)") != nil { continue }
                done[TouchedFiles.File(folder: record.folder, path: path)] = index
            case .publishFolder(let path, let staged, let inode):
                // What was there before may be at the staged path now.
                if Self.inode("\(paths.staging)/\(staged)") == inode { continue }
                done[TouchedFiles.File(folder: record.folder, path: path)] = index
            case .adopt(let path, let from, let inode):
                guard hasAdopted(record, path, inode, paths) else { continue }
                // The adoption itself too: something else of that name may be there now.
                done[TouchedFiles.File(folder: from, path: record.path ?? "")] = index + 1
            default: continue
            }
        }
        return done
    }

    /// Files that a run has adopted, as they were called before: the last such adoption's place among the records, and
    /// the folder of the run.
    private static func adoptionsDone(
        _ recovery: JournalRecovery, _ paths: RunPaths
    ) -> [TouchedFiles.File: (index: Int, folder: String)] {
        var done: [TouchedFiles.File: (index: Int, folder: String)] = [:]
        for (index, record) in recovery.writes.joined().enumerated() {
            guard case .adopt(let path, let from, let inode) = record.step, hasAdopted(record, path, inode, paths)
            else { continue }
            done[TouchedFiles.File(folder: from, path: path)] = (index, record.folder)
        }
        return done
    }

    /// Whether what a run was to adopt is in its directory.
    private static func hasAdopted(_ record: RedoRecord, _ path: String, _ inode: UInt64, _ paths: RunPaths) -> Bool {
        guard let place = paths.locate(record.folder), let run = try? paths.open(record.folder, place),
            let path = RunPath.path(record: path), let status = try? run.ownStatus(path.bytes)
        else { return false }
        return UInt64(status.st_ino) == inode
    }

    /// What was written to a file before a run adopted it, to be written again where the file is now: its name may be
    /// on the disk, and what was in it not. In place, so that it stays the file that was adopted.
    private static func redirected(
        _ record: RedoRecord, _ index: Int, by adopted: [TouchedFiles.File: (index: Int, folder: String)]
    ) -> RedoRecord? {
        guard !adopted.isEmpty, let path = record.path,
            let adoption = adopted[TouchedFiles.File(folder: record.folder, path: path)], index < adoption.index
        else { return nil }
        switch record.step {
        case .append: return RedoRecord(adoption.folder, record.step)
        case .put(_, let bytes): return RedoRecord(adoption.folder, .append(path, offset: 0, bytes))
        default: return nil
        }
    }

    private static func inode(_ path: String) -> UInt64? { Files.status(path).map { UInt64($0.st_ino) } }
}
