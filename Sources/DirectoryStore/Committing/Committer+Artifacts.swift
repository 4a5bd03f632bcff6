internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

extension Committer {
    /// Plans that a staged file becomes an artifact.
    func publish(
        _ file: StagingFile, at path: ArtifactPath, if condition: FileCondition, _ folder: RunFolder,
        _ plan: WritePlan
    ) throws(StoreError) {
        let current = try version(RunPath(path), folder)
        if !condition(current.map { BlobVersion($0) }) { throw .conditionFailed(path) }
        // It keeps it where it goes.
        plan.outcome.version = BlobVersion(try spooling { () throws(ScratchError) in try file.finish() })
        plan.outcome.replaced = current != nil
        plan.add(.publish(RecordPath.text(path), staged: file.name))
        plan.whenDone { _ in file.published() }
    }

    /// Plans that an artifact is removed.
    func remove(
        _ path: ArtifactPath, if condition: FileCondition, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        guard folder.place != nil else { throw missing(folder) }
        let current = try version(RunPath(path), folder)
        if !condition(current.map { BlobVersion($0) }) { throw .conditionFailed(path) }
        if current == nil { throw .noFile(path) }
        plan.add(.remove(RecordPath.text(path)))
    }

    /// The version of the file that is at a path; nil when nothing is.
    /// - Throws: when something else is there, or in the way: nothing can be written there
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

    /// A folder's directory, open; nil where there is none.
    func directory(of folder: RunFolder) throws(StoreError) -> RunDirectory? {
        guard folder.place != nil else { return nil }
        return try storing { () throws(FileFailure) in try applier.directory(of: folder.name) }
    }

    /// Plans that the artifacts of a waiting folder move into a run. Where both have a file, the younger one is kept.
    /// - Throws: where a folder of one is a file of the other; nothing is moved then
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
