internal import Glibc
internal import RunMetadata

extension Committer {
    /// Plans that a staged file becomes an artifact.
    func publish(
        _ file: StagingFile, at path: ArtifactPath, if condition: FileCondition, _ folder: RunFolder,
        _ plan: inout WritePlan
    ) throws(StoreError) {
        let current = try version(path, folder)
        if !condition(current) { throw .conditionFailed(path) }
        plan.outcome.replaced = current != nil
        plan.add(.publish(RecordPath.text(path), staged: file.name))
        plan.whenDone { _ in file.published() }
    }

    /// Plans that an artifact is removed.
    func remove(
        _ path: ArtifactPath, if condition: FileCondition, _ folder: RunFolder, _ plan: inout WritePlan
    ) throws(StoreError) {
        guard folder.place != nil else { throw .unknownRun }
        let current = try version(path, folder)
        if !condition(current) { throw .conditionFailed(path) }
        if current == nil { throw .noFile(path) }
        plan.add(.remove(RecordPath.text(path)))
    }

    /// The version of the file that is at a path; nil when nothing is.
    /// - Throws: when something else is there, or in the way
    private func version(_ path: ArtifactPath, _ folder: RunFolder) throws(StoreError) -> FileVersion? {
        guard let place = folder.place else { return nil }
        let run = paths.run(folder.name, place)
        switch try storing({ () throws(FileFailure) in try ArtifactFiles.look(path, in: run) }) {
        case .nothing: return nil
        case .file(let version): return version
        case .folder: throw .pathTaken("\"\(path)\" is a folder; name a file in it, or another path")
        case .other: throw .pathTaken("\"\(path)\" is no file; name another path")
        case .blocked(let file): throw .pathTaken("\"\(file)\" is no folder; name another path")
        case .link(let link): throw .outOfReach("\"\(link)\" is a link, and nothing is written through links")
        }
    }

    /// Plans that the artifacts of a waiting folder move into a run. Where both have a file, the younger one is kept.
    /// - Throws: where a folder of one is a file of the other; nothing is moved then
    func adoptArtifacts(
        _ waiting: RunFolder, into folder: RunFolder, _ plan: inout WritePlan
    ) throws(StoreError) {
        guard let place = waiting.place else { return }
        let tree = try storing { () throws(FileFailure) in try RunTree(paths.run(waiting.name, place)) }
        for item in try tree.items(linkedFiles: false, excluding: [Array(RunLayout.dataDirectory.utf8)]) {
            guard !item.isFolder, let path = ArtifactPath(String(decoding: item.path, as: UTF8.self)) else { continue }
            do throws(StoreError) {
                if let there = try version(path, folder), there.modified > FileVersion(item.status).modified {
                    continue
                }
            } catch .pathTaken(let reason) {
                throw .pathTaken("an artifact waits for the session's next run, but in this one \(reason)")
            }
            plan.add(.adopt(RecordPath.text(path), from: waiting.name, inode: UInt64(item.status.st_ino)))
        }
    }
}
