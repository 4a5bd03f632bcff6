internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Committer {
    /// Plans the publication of a staged file as an artifact.
    func publish(
        _ file: StagingFile, at path: ArtifactPath, if condition: FileCondition, _ folder: RunFolder,
        _ plan: WritePlan
    ) throws(StoreError) {
        let current = try version(RunPath(path), folder)
        if !condition(current.map { BlobVersion($0) }) { throw .conditionFailed(path) }
        // The file keeps its version when it is renamed.
        plan.outcome.version = BlobVersion(try spooling { () throws(ScratchError) in try file.finish() })
        plan.outcome.replaced = current != nil
        plan.add(.publish(RecordPath.text(path), staged: file.name))
        plan.whenDone { _ in file.published() }
    }

    /// Plans the removal of an artifact.
    func remove(
        _ path: ArtifactPath, if condition: FileCondition, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        guard folder.place != nil else { throw missing(folder) }
        let current = try version(RunPath(path), folder)
        if !condition(current.map { BlobVersion($0) }) { throw .conditionFailed(path) }
        if current == nil { throw .noFile(path) }
        plan.add(.remove(RecordPath.text(path)))
    }

    /// The version of the file at a path; nil if there is nothing.
    /// - Throws: if something else is at the path or on the way, so that nothing can be written there
    @discardableResult
    func version(_ path: RunPath, _ folder: RunFolder) throws(StoreError) -> FileVersion? {
        guard let directory = try directory(of: folder) else { return nil }
        switch try storing({ () throws(FileFailure) in try directory.look(path) }) {
        case .nothing: return nil
        case .file(let version): return version
        case .folder: throw .pathTaken("\"\(path)\" is a folder; name a file in it, or another path")
        case .other: throw .pathTaken("\"\(path)\" is no file; name another path")
        case .blocked(let file): throw .pathTaken("\"\(file)\" is no folder; name another path")
        case .link(let link): throw .outOfReach("\"\(link)\" is a link, and nothing is written through links")
        }
    }

    /// A folder's open directory; nil if there is none.
    func directory(of folder: RunFolder) throws(StoreError) -> RunDirectory? {
        guard folder.place != nil else { return nil }
        return try storing { () throws(FileFailure) in try applier.directory(of: folder.name) }
    }

    /// Plans the move of a waiting folder's artifacts into a run. If both have a file, the younger one is kept.
    /// - Throws: if a folder of one is a file of the other; then nothing is moved
    func adoptArtifacts(
        _ waiting: RunFolder, into folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        guard let directory = try directory(of: waiting) else { return }
        for item in try directory.items(linkedFiles: false, excluding: [Array(RunLayout.dataDirectory.utf8)]) {
            guard !item.isFolder, let path = ArtifactPath(String(decoding: item.path, as: UTF8.self)) else { continue }
            do throws(StoreError) {
                if let there = try version(RunPath(path), folder), there.modified > FileVersion(item.status).modified {
                    continue
                }
            } catch .pathTaken(let reason) {
                throw .pathTaken("an artifact waits for the session's next run, but in this one \(reason)")
            }
            plan.add(.adopt(RecordPath.text(path), from: waiting.name, inode: UInt64(item.status.st_ino)))
        }
    }
}
