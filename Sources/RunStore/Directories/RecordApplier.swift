internal import CLinux
internal import Glibc
internal import RunMetadata
internal import SystemPackage

/// Does the steps of redo records in the run directories: when a batch is committed, and again in recovery.
///
/// Used by the one that commits only.
final class RecordApplier {
    private let paths: RunPaths
    private var stagedCount: UInt64 = 0
    /// Where folders were found in this batch.
    private var places: [String: RunPlace?] = [:]

    init(paths: RunPaths) { self.paths = paths }

    /// A new batch begins: where runs are has to be found again.
    func beginBatch() { places.removeAll(keepingCapacity: true) }

    /// Where a folder is, as found in this batch.
    func place(of folder: String) -> RunPlace? {
        if let known = places[folder] { return known }
        let place = paths.locate(folder)
        places[folder] = .some(place)
        return place
    }

    /// Why a write is neither done nor taken back, where one is: recovery has to do it.
    private(set) var halfDone: FileFailure?

    /// Does the steps of one write, all or none: whatever needs room is written aside, and whatever could be in the way is
    /// looked for, before anything is put in place; when a step fails all the same, those before it are taken back.
    func apply(_ records: [RedoRecord]) throws(FileFailure) {
        var staged: [String] = []
        var done = StepsDone()
        do throws(FileFailure) {
            for record in records {
                switch record.step {
                case .create: try apply(record, &done)
                case .put(let path, let bytes):
                    try prepare(record.folder, path)
                    staged.append(try stage(bytes))
                case .activate where !record.folder.isEmpty: staged.append(try stage(Array(record.folder.utf8)))
                case .publish(let path, _): try prepare(record.folder, path)
                default: continue
                }
            }
            var next = staged.makeIterator()
            for record in records {
                switch record.step {
                case .create: continue
                case .put(let path, _): try place(next.next() ?? "", record.folder, path, &done)
                case .activate(let session):
                    let file = "\(paths.sessions)/\(session)"
                    if record.folder.isEmpty {
                        try remove(file, &done)
                    } else {
                        let staged = next.next() ?? ""
                        done.note(try Files.swap(file, for: staged), of: file, for: staged)
                    }
                default: try apply(record, &done)
                }
            }
        } catch {
            if let failure = done.takeBack() { halfDone = halfDone ?? failure }
            for path in staged { unlink(path) }
            beginBatch()
            throw error
        }
        done.settle()
    }

    /// Takes back the making of a folder in which nothing is.
    func uncreate(_ folder: String) {
        rmdir(paths.data(folder, .pending))
        rmdir(paths.run(folder, .pending))
        places[folder] = .some(nil)
    }

    /// Makes sure that a file can be put at a path: its folders are there, and no folder has its place.
    private func prepare(_ folder: String, _ path: String) throws(FileFailure) {
        guard let place = place(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        if let artifact = RecordPath.artifact(path) {
            return try ArtifactFiles.prepare(artifact, in: paths.run(folder, place))
        }
        let data = paths.data(folder, place)
        try makeParents(of: path, in: data)
        if Files.isOwnDirectory("\(data)/\(path)") { throw FileFailure("rename", path, errno: EISDIR) }
    }

    /// Does one step again, after a crash. What has been done before is left; a run that was removed by hand is not made
    /// anew, unless the journal tells how it was made.
    func redo(_ record: RedoRecord) throws(FileFailure) {
        var done = StepsDone()
        defer { done.settle() }
        if record.step == .create {
            if place(of: record.folder) == nil { try apply(record, &done) }
            return
        }
        if case .activate = record.step {
            try apply([record])
            return
        }
        guard let place = place(of: record.folder) else { return }
        switch record.step {
        case .put(let path, let bytes):
            try prepare(record.folder, path)
            let staged = try stage(bytes)
            do throws(FileFailure) { try self.place(staged, record.folder, path, &done) } catch {
                unlink(staged)
                throw error
            }
        case .publish(_, let staged): if Files.status("\(paths.staging)/\(staged)") != nil { try apply(record, &done) }
        // A run that is neither here nor there was moved by hand since, and stays.
        case .move(let target): if place == .pending || target != .initialised { try apply(record, &done) }
        case .restore: if place == .archived { try apply(record, &done) }
        default: try apply(record, &done)
        }
    }

    private func apply(_ record: RedoRecord, _ done: inout StepsDone) throws(FileFailure) {
        let folder = record.folder
        switch record.step {
        case .create:
            let (run, data) = (paths.run(folder, .pending), paths.data(folder, .pending))
            done.note { () throws(FileFailure) in
                try Files.removeTree(data)
                rmdir(run)
            }
            try Files.makeDirectories(data)
            places[folder] = .pending
        case .remove(let path):
            guard let place = place(of: folder) else { return }
            if let artifact = RecordPath.artifact(path) {
                return try remove(artifact, in: paths.run(folder, place), &done)
            }
            try remove("\(paths.data(folder, place))/\(path)", &done)
        case .publish(let path, let staged):
            // By rename(2), which can be done again: the staged file was synced, so ext4 has nothing to write first.
            try rename("\(paths.staging)/\(staged)", folder, path, &done)
        case .publishFolder(let path, let staged, let inode):
            try publishFolder("\(paths.staging)/\(staged)", inode, folder, path, &done)
        case .append(let path, let offset, let bytes): try append(bytes, at: offset, folder, path, &done)
        // Of which inode number it was, recovery has looked at.
        case .adopt(let path, let from, _):
            guard let source = place(of: from) else { return }
            let file = paths.file(path, of: from, source)
            guard Files.status(file) != nil else { return }
            try rename(file, folder, path, &done)
        case .move(let target): try move(folder, to: target, &done)
        case .restore: try move(folder, to: .initialised, &done)
        case .delete(let name):
            guard let place = place(of: folder) else { return }
            // Out of sight at once; then it may take as long as it takes.
            let (run, aside) = (paths.run(folder, place), "\(paths.staging)/\(name)")
            try Files.rename(run, to: aside)
            done.note(deleting: run, aside: aside)
            places[folder] = .some(nil)
        case .put, .activate, .viewLags: return
        }
    }

    private func move(_ folder: String, to target: RunPlace, _ done: inout StepsDone) throws(FileFailure) {
        guard let place = place(of: folder), place != target else { return }
        let (from, to) = (paths.run(folder, place), paths.run(folder, target))
        if Files.isDirectory(to) {
            // Something else made the directory before, without metadata: the run takes place in it. The data directory
            // comes last, since it says where the run is; what went before need not be taken back.
            try Files.merge(from, into: to, except: RunLayout.dataDirectory)
            let (data, newData) = (paths.data(folder, place), paths.data(folder, target))
            try Files.rename(data, to: newData)
            rmdir(from)
            done.note { () throws(FileFailure) in
                try Files.makeDirectory(from)
                try Files.rename(newData, to: data)
            }
        } else {
            try Files.makeDirectories(paths.container(target))
            try Files.rename(from, to: to)
            done.note { () throws(FileFailure) in try Files.rename(to, to: from) }
        }
        places[folder] = target
    }

    /// A name in the staging folder that nothing has.
    private func newStagedPath() -> String {
        stagedCount += 1
        return "\(paths.staging)/put-\(stagedCount)"
    }

    /// Removes a file, if it is there, so that it can be put back.
    private func remove(_ file: String, _ done: inout StepsDone) throws(FileFailure) {
        if Files.isOwnDirectory(file) { throw FileFailure("unlink", file, errno: EISDIR) }
        let aside = newStagedPath()
        do throws(FileFailure) { try Files.rename(file, to: aside) } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return }
            throw error
        }
        done.note(removing: file, aside: aside)
    }

    private func stage(_ bytes: [UInt8]) throws(FileFailure) -> String {
        let path = newStagedPath()
        let descriptor = try Files.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        do throws(FileFailure) { try Files.write(bytes, to: descriptor, at: 0, path: path) } catch {
            unlink(path)
            throw error
        }
        return path
    }

    private func place(
        _ staged: String, _ folder: String, _ path: String, _ done: inout StepsDone
    ) throws(FileFailure) {
        guard let place = place(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        let file = "\(paths.data(folder, place))/\(path)"
        done.note(try Files.swap(file, for: staged), of: file, for: staged)
    }

    /// Writes bytes at an offset of a file, or at its end where that comes first; leaves nothing of them when there is no room.
    private func append(_ bytes: [UInt8], at offset: Int, _ folder: String, _ path: String, _ done: inout StepsDone)
        throws(FileFailure)
    {
        try prepare(folder, path)
        guard let place = place(of: folder) else { return }
        let file = "\(paths.data(folder, place))/\(path)"
        let descriptor = try Files.open(file, O_RDWR | O_CREAT)
        defer { close(descriptor) }
        let start = min(offset, Int(Files.status(of: descriptor).st_size))
        let hadBytes = start > 0
        done.note { () throws(FileFailure) in
            if !hadBytes { return try Files.remove(file) }
            if truncate(file, off_t(start)) != 0 { throw FileFailure("truncate", path) }
        }
        try Files.write(bytes, to: descriptor, at: start, path: path)
    }

    /// Puts a staged folder in its place, at once for every reader. What was there is left in the staging folder.
    private func publishFolder(
        _ staged: String, _ inode: UInt64, _ folder: String, _ path: String, _ done: inout StepsDone
    )
        throws(FileFailure)
    {
        guard let status = Files.status(staged), UInt64(status.st_ino) == inode else { return }
        guard let place = place(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        let data = paths.data(folder, place)
        try makeParents(of: path, in: data)
        let target = "\(data)/\(path)"
        if clinux_exchange(staged, target) == 0 {
            done.note { () throws(FileFailure) in
                if clinux_exchange(target, staged) != 0 { throw FileFailure("renameat2", path) }
            }
            return
        }
        try Files.rename(staged, to: target)
        done.note { () throws(FileFailure) in try Files.rename(target, to: staged) }
    }

    private func rename(
        _ file: String, _ folder: String, _ path: String, _ done: inout StepsDone
    ) throws(FileFailure) {
        guard let place = place(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        let before = newStagedPath()
        // Left by an earlier process, whose names were the same.
        try Files.remove(before)
        if let artifact = RecordPath.artifact(path) {
            return try rename(file, artifact, in: paths.run(folder, place), before: before, &done)
        }
        let data = paths.data(folder, place)
        try makeParents(of: path, in: data)
        let isThere = try Files.setAside("\(data)/\(path)", as: before)
        do throws(FileFailure) { try Files.rename(file, to: "\(data)/\(path)") } catch {
            if isThere { unlink(before) }
            throw error
        }
        done.note(renaming: file, to: "\(data)/\(path)", before: isThere ? before : nil)
    }

    /// Renames a file to an artifact's path. What stood there keeps the name `before` until it is of no more use.
    private func rename(
        _ file: String, _ path: ArtifactPath, in run: String, before: String, _ done: inout StepsDone
    ) throws(FileFailure) {
        let isThere = try ArtifactFiles.place(file, at: path, in: run, keeping: before)
        done.note(leftover: isThere ? before : nil) { () throws(FileFailure) in
            _ = try ArtifactFiles.take(path, of: run, to: file)
            if isThere { _ = try ArtifactFiles.place(before, at: path, in: run) }
        }
    }

    /// Removes an artifact, if it is there, so that it can be put back.
    private func remove(_ path: ArtifactPath, in run: String, _ done: inout StepsDone) throws(FileFailure) {
        let aside = newStagedPath()
        guard try ArtifactFiles.take(path, of: run, to: aside) else { return }
        done.note(leftover: aside) { () throws(FileFailure) in _ = try ArtifactFiles.place(aside, at: path, in: run) }
    }

    /// Makes the folders of a path in a data directory, which has to be there.
    private func makeParents(of path: String, in data: String) throws(FileFailure) {
        var folder = data
        for component in DataPath(path)?.components.dropLast() ?? [] {
            folder += "/\(component)"
            try Files.makeDirectory(folder)
        }
    }
}
