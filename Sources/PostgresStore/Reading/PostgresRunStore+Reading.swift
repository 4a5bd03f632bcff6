package import LocalFiles
package import RunMetadata
package import RunStore

extension PostgresRunStore {
    package func resolve(_ target: RunTarget) throws(StoreError) -> RunID? {
        guard case .active(let session) = target else {
            if case .run(let run) = target { return run }
            return nil
        }
        let rows = try pool.read { connection throws(DatabaseError) in
            let rows = try connection.run(
                Statement(
                    """
                    SELECT r.run FROM sessions s JOIN runs r ON r.run = s.run AND r.activation = s.activation
                    WHERE s.session = $1 AND r.place = $2
                    """, .text(session.description), .int(Int(RunPlace.initialised.rawValue))))
            return rows.count == 0 ? nil : rows.text(0, 0)
        }
        return rows.flatMap { RunID($0) }
    }

    /// A run as stored in the database; nil if there is none.
    func folder(_ key: String, _ part: RunFolder.Part) throws(StoreError) -> RunFolder? {
        try pool.read { connection throws(DatabaseError) in try RunFolder.read(key, part, on: connection) }
    }

    package func snapshot(of run: RunID) throws(StoreError) -> RunSnapshot? {
        guard let folder = try folder(run.description, .metadata) else { return nil }
        let summary = try folder.summary(pool).summary
        let updated = summary.updated(folder.modified)
        let status: RunStatus =
            switch folder.place {
            case .pending: .pending
            case .archived: .archived
            case .initialised: summary.status(updated: updated, now: clock(), staleAfter: rules.staleAfter)
            }
        return RunSnapshot(
            run: run, status: status, updated: updated, summary: summary, files: folder.paths.compactMap(\.dataPath))
    }

    package func properties(of run: RunID) throws(StoreError) -> [(name: String, text: String)]? {
        try folder(run.description, .metadata)?.properties(pool)
    }

    // MARK: Files

    package func file(_ path: DataPath, of run: RunID) throws(StoreError) -> (any Blob)? {
        var paths = [path]
        if let sent = path.sent { paths.append(sent) }
        if path == .metricsFrame { paths.append(.metricsRows) }
        return try folder(run.description, .paths(paths))?.blob(path, pool)
    }

    package func file(
        _ path: ArtifactPath?, of run: RunID, page: FolderPage.Request
    ) throws(StoreError) -> RunFile? {
        guard let folder = try folder(run.description, .tree(path)) else { throw .unknownRun }
        if let path, let blob = try folder.blob(path, pool) { return .file(blob) }
        let files = folder.paths.filter { $0.isBelow(path) }
        let blobs = try files.map { path throws(StoreError) in (path, try folder.blob(path, pool)) }
        return FolderPage(of: path, blobs.compactMap { path, blob in blob.map { (path, $0) } }, page).map {
            .folder($0)
        }
    }

    package func files(below folder: DataPath, of run: RunID) throws(StoreError) -> [(path: DataPath, size: Int)] {
        guard let found = try self.folder(run.description, .metadata) else { return [] }
        return found.paths.filter { $0.isBelow(ArtifactPath(folder)) }.compactMap { path in
            path.dataPath.map { ($0, found.files[path]?.size ?? 0) }
        }
    }

    package func bundle(of run: RunID) throws(StoreError) -> any RunBundle {
        guard let folder = try folder(run.description, .all) else { throw .unknownRun }
        return PostgresBundle(run, folder, pool)
    }

    package func localMetadata(
        of target: RunTarget, in folder: StagingFolder
    ) throws(StoreError) -> LocalMetadata? {
        let key = try resolve(target)?.description ?? target.key
        guard let found = try self.folder(key, .metadata) else { return nil }
        var files: [(path: DataPath, blob: any Blob)] = []
        for path in found.paths {
            guard let data = path.dataPath, let blob = try found.blob(path, pool) else { continue }
            files.append((data, blob))
        }
        let path = try folder.write(files)
        return LocalMetadata(path: path) { folder in
            let files = found.files.filter { $0.key.isBelow(ArtifactPath(folder)) }
            return BlobVersion(of: files.map { ($0.key.description, $0.value.version) })
        }
    }
}

/// The files of a run as they were when the bundle was requested.
private final class PostgresBundle: RunBundle {
    let run: RunID
    let entries: [BundleEntry]
    private let folder: RunFolder
    private let paths: [ArtifactPath]
    private let pool: ConnectionPool

    init(_ run: RunID, _ folder: RunFolder, _ pool: ConnectionPool) {
        (self.run, self.folder, self.pool, paths) = (run, folder, pool, folder.paths)
        entries = paths.map { path in
            BundleEntry(
                path: Array(path.description.utf8), isFolder: false, mode: 0o644,
                modified: Int(folder.files[path]?.modified ?? folder.modified))
        }
    }

    func open(_ index: Int) throws(StoreError) -> (any Blob)? { try folder.blob(paths[index], pool) }

    /// The files that are objects.
    private var remote: [PostgresBlob] {
        paths.compactMap { folder.files[$0] }.filter { $0.object != nil }.map {
            PostgresBlob($0, of: folder.key, pool: pool)
        }
    }

    var isRemote: Bool { folder.files.values.contains { $0.object != nil } }

    func checkContent() throws(StoreError) { for blob in remote { try blob.checkContent() } }
}
