internal import CLinux
internal import Glibc
package import JSON
package import LocalFiles
package import RunMetadata
package import RunStore

extension DirectoryRunStore {
    package func resolve(_ target: RunTarget) -> RunID? {
        switch target {
        case .run(let run): return run
        case .active(let session):
            guard let run = sessions[session], paths.locate(run.description) == .initialised else { return nil }
            return run
        }
    }

    package func localMetadata(of target: RunTarget, in _: StagingFolder) throws(StoreError) -> LocalMetadata? {
        let folder = resolve(target)?.description ?? target.key
        if let run = RunID(folder) { bringUpToDate(run) }
        // Not if it is a link, which would lead programs out of the run.
        guard let path = paths.locate(folder).map({ paths.data(folder, $0) }), Files.isOwnDirectory(path) else {
            return nil
        }
        return LocalMetadata(path: path) { folder in
            let folder = "\(path)/\(folder)"
            return Files.isOwnDirectory(folder) ? Files.status(folder).flatMap { BlobVersion(folder: $0) } : nil
        }
    }

    /// The place of a run, and its open directory; nil if there is none.
    /// - Throws: `behind`; `outOfReach` if there is a link instead
    func directory(of run: RunID) throws(StoreError) -> (place: RunPlace, directory: RunDirectory)? {
        if isBehind(run) { throw .behind(run) }
        let folder = run.description
        guard let place = paths.locate(folder) else {
            if paths.isLink(folder) { throw .runIsLink(run) }
            if let fault = ownership.fault() { throw .runsGone(fault) }
            return nil
        }
        do throws(FileFailure) { return (place, try paths.open(folder, place)) } catch {
            // Moved or removed meanwhile.
            if error.isMissing { return nil }
            throw StoreError(error)
        }
    }

    /// The number of initialised runs.
    package func runCount() -> Int {
        // While the index is being built, the directories are counted.
        (try? index.runCount()) ?? ((try? initialisedRuns()) ?? []).count
    }

    package func runs(_ query: RunQuery) throws(StoreError) -> RunPage {
        if let fault = ownership.fault() { throw .runsGone(fault) }
        var page = try index.page(query)
        if isOpen { return page }
        for row in page.runs.indices where isBehind(page.runs[row].run) { page.runs[row].status = .behind }
        return page
    }

    package func columns() throws(StoreError) -> Set<ExactText> {
        if let fault = ownership.fault() { throw .runsGone(fault) }
        return try index.columns()
    }

    package func properties(of run: RunID) throws(StoreError) -> [(name: String, text: String)]? {
        guard let (_, directory) = try directory(of: run) else { return nil }
        return try storing { () throws(FileFailure) in try RunFiles.properties(in: directory, waits: true) }.map {
            (name: $0.0, text: $0.1)
        }
    }

    package func files(below folder: DataPath, of run: RunID) throws(StoreError) -> [(path: DataPath, size: Int)] {
        guard let (_, directory) = try directory(of: run) else { return [] }
        return try RunFiles.files(in: directory, below: folder).map { ($0.path, Int($0.status.st_size)) }
    }

    /// Updates every view of a run's metadata. May take long for a large run.
    func bringUpToDate(_ run: RunID) {
        guard views.mayLag(run.description) else { return }
        do throws(StoreError) { try refreshView(run.description) } catch { views.insert(run.description) }
    }

    package func settle(_ run: RunID) {
        guard views.mayLag(run.description), let (_, directory) = try? directory(of: run) else { return }
        let rows = directory.status(RunPath(.metricsRows))
        if rows?.st_size ?? 0 <= Self.quickRows { bringUpToDate(run) } else { views.hasten(run.description) }
    }

    /// The most bytes of rows whose frame is made in a few milliseconds.
    private static let quickRows = 256 << 10

    package func file(_ path: DataPath, of run: RunID) throws(StoreError) -> (any Blob)? {
        guard let (_, directory) = try directory(of: run) else { return nil }
        return try file(path, of: run, directory) { () throws(FileFailure) in try directory.openExact(path) }
    }

    /// A file of metadata; a document as a complete copy that nothing changes any more.
    func file(
        _ path: DataPath, of run: RunID, _ directory: RunDirectory, _ open: () throws(FileFailure) -> CInt?
    ) throws(StoreError) -> StoredFile? {
        guard path.isDocument else { return try storing(open).map { StoredFile(descriptor: $0) } }
        return try Settling.read(path, in: directory) { () throws(StoreError) -> Settled<StoredFile?> in
            if path == .metricsFrame, let lagging = try frameOfLaggingView(run, directory) { return .whole(lagging) }
            guard let file = try storing(open) else { return .whole(nil) }
            guard case .whole(let copy) = try copies.copy(file, path) else { return .torn }
            return .whole(copy)
        }
    }

    /// The rows of a run's metrics; nil when it has none. Reading them goes on while others are appended.
    func metricsRows(of run: RunID) throws(StoreError) -> StoredRows? {
        guard let (_, directory) = try directory(of: run) else { return nil }
        if metricsFiles.holder(of: run.description, in: directory) == .rows {
            let rows = try storing { () throws(FileFailure) in try directory.openFile(RunPath(.metricsRows)) }
            if let rows { return StoredRows(descriptor: rows) }
        }
        guard let frame = directory.status(RunPath(.metricsFrame)) else { return nil }
        let text = try rowsOfFrame(directory, waits: true)
        let memory = clinux_memory_file()
        guard memory >= 0 else { throw StoreError(FileFailure("memfd_create", "metrics")) }
        var failure: FileFailure?
        text.withUnsafeBytes { bytes in
            do throws(FileFailure) { try Files.write(bytes, to: memory, at: 0, path: "memory") } catch {
                failure = error
            }
        }
        if let failure {
            Glibc.close(memory)
            throw StoreError(failure)
        }
        // Each write replaces it: another time means another text.
        let written = UInt64(
            bitPattern: Int64(frame.st_mtim.tv_sec &* 1_000_000_000 &+ frame.st_mtim.tv_nsec))
        return StoredRows(descriptor: memory, identity: UInt64(frame.st_ino) ^ written << 20)
    }

    package func runCounts() throws(StoreError) -> [RunStatus: Int] {
        var counts = try index.counts()
        counts[.pending] = try storing { () throws(FileFailure) in
            try Files.names(in: paths.pending).count { RunID($0) != nil }
        }
        return counts
    }

    package var room: (free: UInt64, size: UInt64)? { DiskSpace.room(at: paths.runs) }

    package var hindrances: [StoreHindrance] {
        var found: [StoreHindrance] = []
        if let fault = ownership.fault() { return [StoreHindrance(name: "runs-gone", detail: fault)] }
        do throws(FileFailure) { Glibc.close(try Files.open("/dev/null", O_RDONLY)) } catch {
            found.append(
                StoreHindrance(
                    name: "out-of-resources",
                    detail: "no file can be opened (\(error.errno)); close connections, or raise the limit (ulimit -n)")
            )
        }
        if let failure {
            found.append(
                StoreHindrance(
                    name: "read-only",
                    detail:
                        "a sync of the disk failed (\(failure)); no writes are accepted until the server is restarted"))
        }
        if let reason = lacksRoomToStart {
            found.append(StoreHindrance(name: "disk-full", detail: reason))
        } else if let free = DiskSpace.free(at: paths.runs), free < UInt64(settings.reserve) {
            found.append(
                StoreHindrance(
                    name: "disk-full",
                    detail:
                        "\(free / 1024) KiB are free on the disk of the runs directory; writes resume when "
                        + "there is room"))
        }
        return found
    }

    package var warnings: [StoreHindrance] {
        index.faults.description.map { [StoreHindrance(name: "unreadable-runs", detail: $0)] } ?? []
    }

    private func initialisedRuns() throws(FileFailure) -> [RunID] {
        try Files.names(in: paths.runs).compactMap { RunID($0) }.filter {
            Files.isDirectory(paths.data($0.description, .initialised))
        }
    }
}
