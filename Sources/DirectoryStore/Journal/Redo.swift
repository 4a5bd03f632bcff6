internal import Glibc
internal import LocalFiles
internal import RunMetadata

/// Replays the journal of a previous server, and then removes it.
///
/// If the disk has no room for a record, later records of the same folder wait too; all others are applied, and a later
/// call continues. Used only by the thread that starts the store.
final class Redo {
    /// What records have to be applied in order for: a folder, or a session's file.
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

    /// Records that cannot be applied because of what another program has made of a run's directory since (a link where
    /// a file was), and why.
    private(set) var unapplied: [(folder: String, failure: FileFailure)] = []
    /// Suffix of segments with records that could not be applied. They are left for the person who repairs the run.
    static let unappliedMark = ".unapplied"

    /// What survived if the server was killed while the machine kept running; nil if everything has to be replayed.
    private let survival: Survival?

    /// - Parameter applied: the last applied frame, if the kernel still holds what was written (`AppliedMark`)
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
                    // It was applied, unless another program has undone it since, but may not be on the disk yet.
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
                    // Files adopted from a folder came before its deletion; what is there now came later.
                    if let last = deleted[from], index < last { continue }
                    if index < published[TouchedFiles.File(folder: from, path: path)] ?? 0 { continue }
                }
                waiting.append(record)
            }
        }
    }

    /// The number of records left to replay.
    var count: Int { waiting.count }

    /// The folders with records left to replay.
    var behind: Set<String> { Set(waiting.map(\.folder)) }

    /// Replays all records that it can, makes their results durable, removes the journal, and empties the staging
    /// folder.
    /// - Throws: the first failure for lack of room, after all other records are applied; any other failure at once
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
                        // Other runs must not wait for this one.
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

    /// Folders that were deleted according to the journal, and really were: earlier writes to them must not be
    /// replayed, least of all to later folders of the same name.
    /// - Returns: the index of the last such deletion among the records
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

    /// Files and folders that were published or adopted according to the journal, and really were: the staged file is
    /// gone, or the adopted file is in the run. Earlier writes to them must not be replayed, since the publication
    /// cannot be.
    /// - Returns: the index among the records from which on they may be replayed
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
                // The previous content may be at the staged path now.
                if Self.inode("\(paths.staging)/\(staged)") == inode { continue }
                done[TouchedFiles.File(folder: record.folder, path: path)] = index
            case .adopt(let path, let from, let inode):
                guard hasAdopted(record, path, inode, paths) else { continue }
                // This includes the adoption itself: something else may have that name now.
                done[TouchedFiles.File(folder: from, path: record.path ?? "")] = index + 1
            default: continue
            }
        }
        return done
    }

    /// Files that a run has adopted, by their previous names: the index of the last such adoption among the records,
    /// and the run's folder.
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

    /// Whether the file that a run was to adopt is in its directory.
    private static func hasAdopted(_ record: RedoRecord, _ path: String, _ inode: UInt64, _ paths: RunPaths) -> Bool {
        guard let place = paths.locate(record.folder), let run = try? paths.open(record.folder, place),
            let path = RunPath.path(record: path), let status = try? run.ownStatus(path.bytes)
        else { return false }
        return UInt64(status.st_ino) == inode
    }

    /// A write to a file before a run adopted it, redirected to where the file is now: its name may be on the disk
    /// without its content. Written in place, so that it stays the adopted file.
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
