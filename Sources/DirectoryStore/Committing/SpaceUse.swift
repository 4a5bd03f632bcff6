internal import Glibc
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The bytes that runs use, if they are bounded: counted as writes are planned. A run that was not written to since the
/// start is measured once; `SpaceKeeper` finds what other programs add or remove.
///
/// Used by the committer alone, except for `bytes`.
final class SpaceUse {
    /// The bytes of one folder.
    final class Folder {
        fileprivate(set) var bytes = 0
        /// Counts writes, so that `SpaceKeeper` notices those during a measurement.
        fileprivate(set) var writes = 0
        /// The part of `bytes` that was planned in a batch, and is on the disk only at its end.
        fileprivate var planned = 0
        fileprivate var batch = 0
        /// Whether a write was refused after it was counted.
        fileprivate var isDoubtful = false
        /// The earliest time at which it may be measured again before a write is refused, nanoseconds on the monotonic
        /// clock.
        fileprivate var knownUntil: UInt64 = 0
    }

    private let rules: RunRules
    private let paths: RunPaths
    private(set) var folders: [String: Folder] = [:]
    private var batch = 0
    /// The least time between two measurements of a full run: nanoseconds, and a multiple of the time that one takes.
    private static let interval: UInt64 = 1_000_000_000
    private static let pause: UInt64 = 20
    /// Rung when all runs together are full, so that all are measured.
    let bell = Doorbell()
    private let sum = Atomic<Int>(0)

    /// The bytes of all runs, as far as they were measured.
    var bytes: Int { sum.load(ordering: .relaxed) }

    /// Nil if nothing is bounded.
    init?(_ rules: RunRules, _ paths: RunPaths) {
        if rules.mostBytes == nil, rules.mostRunBytes == nil { return nil }
        (self.rules, self.paths) = (rules, paths)
    }

    /// Begins a batch: everything planned before is on the disk.
    func beginBatch() { batch += 1 }

    // MARK: Writes

    /// Counts the bytes that a write adds.
    /// - Throws: `runFull`, `storeFull`; then nothing is counted
    func take(
        _ plan: WritePlan, for action: RunWrite.Action, _ applier: RecordApplier
    ) throws(StoreError) {
        if plan.records.isEmpty, let rows = plan.rows {
            if rows.log.space == nil { rows.log.space = try find(plan.folder, applier) }
            if let folder = rows.log.space { try add(rows.bytes.count, to: folder, plan.folder) }
            return
        }
        let removed = plan.records.compactMap { record -> String? in
            if case .delete = record.step { record.folder } else { nil }
        }
        if removed == [plan.folder] { return forget(plan.folder) }
        let folder = try find(plan.folder, applier)
        var change = plan.rows?.bytes.count ?? 0
        for record in plan.records { change += try self.change(by: record, applier) }
        // What a run takes over from a session counts for the run.
        let before = removed.map { (name: $0, folder: folders[$0]) }
        for name in removed { forget(name) }
        if action.isOfItsEnd { return count(change, folder) }
        do throws(StoreError) { try add(change, to: folder, plan.folder) } catch {
            for (name, folder) in before {
                folders[name] = folder
                sum.add(folder?.bytes ?? 0, ordering: .relaxed)
            }
            throw error
        }
    }

    /// Notes that a write was refused after it was counted.
    func doubt(_ plan: WritePlan) {
        for name in Set(plan.records.map(\.folder) + [plan.folder]) { folders[name]?.isDoubtful = true }
    }

    private func add(_ change: Int, to folder: Folder, _ name: String) throws(StoreError) {
        if change > 0, !hasRoom(for: change, folder) {
            if monotonicNanoseconds() > folder.knownUntil { try look(at: folder, name) }
            try rules.checkBytes(ofRun: folder.bytes + change, before: folder.bytes)
            do throws(StoreError) { try rules.checkBytes(ofAll: bytes + change, before: bytes) } catch {
                bell.ring()
                throw error
            }
        }
        count(change, folder)
    }

    private func count(_ change: Int, _ folder: Folder) {
        if folder.batch != batch { (folder.batch, folder.planned) = (batch, 0) }
        folder.planned += change
        folder.writes += 1
        set(folder, to: folder.bytes + change)
    }

    private func hasRoom(for change: Int, _ folder: Folder) -> Bool {
        folder.bytes + change <= rules.mostRunBytes?.most ?? .max && bytes + change <= rules.mostBytes?.most ?? .max
    }

    private func find(_ name: String, _ applier: RecordApplier) throws(StoreError) -> Folder {
        let folder = folders[name] ?? Folder()
        if folders[name] == nil || folder.isDoubtful {
            folders[name] = folder
            if applier.place(of: name) != nil { try look(at: folder, name) }
        }
        return folder
    }

    /// Measures a folder on the disk.
    private func look(at folder: Folder, _ name: String) throws(StoreError) {
        let start = monotonicNanoseconds()
        let found = try Self.bytes(of: name, paths) ?? 0
        let end = monotonicNanoseconds()
        folder.knownUntil = end + max(Self.interval, (end - start) * Self.pause)
        folder.isDoubtful = false
        set(folder, to: found + (folder.batch == batch ? folder.planned : 0))
    }

    private func set(_ folder: Folder, to bytes: Int) {
        sum.add(bytes - folder.bytes, ordering: .relaxed)
        folder.bytes = bytes
    }

    /// Forgets a folder that is gone.
    func forget(_ name: String) {
        if let folder = folders.removeValue(forKey: name) { sum.subtract(folder.bytes, ordering: .relaxed) }
    }

    // MARK: Steps

    /// The number of bytes that a step adds to its folder.
    private func change(by record: RedoRecord, _ applier: RecordApplier) throws(StoreError) -> Int {
        switch record.step {
        case .put(let path, let bytes): bytes.count - (try size(path, record.folder, applier))
        case .append(_, _, let bytes): bytes.count
        case .remove(let path): -(try size(path, record.folder, applier))
        case .publish(let path, let staged):
            Int(Files.status("\(paths.staging)/\(staged)")?.st_size ?? 0)
                - (try size(path, record.folder, applier))
        case .publishFolder(let path, let staged, _):
            (try Self.bytes(below: RunDirectory.opened("\(paths.staging)/\(staged)"), []))
                - (try Self.bytes(below: directory(record.folder, applier), RunPath.path(record: path)?.bytes ?? []))
        case .adopt(let path, let from, _):
            (try size(path, from, applier)) - (try size(path, record.folder, applier))
        case .create, .move, .restore, .delete, .activate, .viewLags: 0
        }
    }

    private func directory(_ folder: String, _ applier: RecordApplier) throws(StoreError) -> RunDirectory? {
        try storing { () throws(FileFailure) in try applier.directory(of: folder) }
    }

    /// The bytes of a file; 0 if there is none. A frame beside rows is derived, and does not count.
    private func size(_ path: String, _ folder: String, _ applier: RecordApplier) throws(StoreError) -> Int {
        guard let directory = try directory(folder, applier), let place = RunPath.path(record: path),
            let status = directory.status(place), status.st_mode & S_IFMT == S_IFREG
        else { return 0 }
        if path == DataPath.metricsFrame.description, directory.status(RunPath(.metricsRows)) != nil { return 0 }
        return Int(status.st_size)
    }

    // MARK: Looking

    /// The bytes of a folder's files; nil if there is no such folder.
    static func bytes(of folder: String, _ paths: RunPaths) throws(StoreError) -> Int? {
        guard let place = paths.locate(folder), let directory = try? paths.open(folder, place) else { return nil }
        return try bytes(below: directory, [])
    }

    private static func bytes(below directory: RunDirectory?, _ folder: [UInt8]) throws(StoreError) -> Int {
        guard let directory else { return 0 }
        let derived = RunPath(.metricsFrame).bytes
        let hasRows = directory.status(RunPath(.metricsRows)) != nil
        return try directory.items(below: folder, linkedFiles: false).reduce(0) { sum, item in
            item.isFolder || hasRows && item.path == derived ? sum : sum + Int(item.status.st_size)
        }
    }

    /// Takes over the result of a measurement, unless the folder was written to meanwhile.
    /// - Parameters:
    ///   - found: its bytes; nil: there is no such folder
    ///   - writes: the count of writes when the measurement began; nil: the folder was not known
    func note(_ name: String, _ found: Int?, writes: Int?) {
        guard folders[name]?.writes == writes else { return }
        guard let found else { return forget(name) }
        let folder = folders[name] ?? Folder()
        folders[name] = folder
        set(folder, to: found)
    }
}

extension RunDirectory {
    /// Opens a directory; nil if there is none.
    fileprivate static func opened(_ path: String) -> RunDirectory? { try? RunDirectory(path) }
}
