internal import CLinux
internal import Glibc
internal import RunMetadata
internal import SystemPackage

/// What a single step does. Each says how it is taken back.
extension RecordApplier {
    func apply(_ record: RedoRecord, _ done: inout StepsDone) throws(FileFailure) {
        let folder = record.folder
        switch record.step {
        case .create:
            let (run, data) = (paths.run(folder, .pending), paths.data(folder, .pending))
            // With the folders in it that other steps make for artifacts.
            let made = Files.isDirectory(run) ? data : run
            done.note { () throws(FileFailure) in try Files.removeTree(made) }
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

    /// Removes a file, if it is there, so that it can be put back.
    func remove(_ file: String, _ done: inout StepsDone) throws(FileFailure) {
        if Files.isOwnDirectory(file) { throw FileFailure("unlink", file, errno: EISDIR) }
        let aside = newStagedPath()
        do throws(FileFailure) { try Files.rename(file, to: aside) } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return }
            throw error
        }
        done.note(removing: file, aside: aside)
    }

    func stage(_ bytes: [UInt8]) throws(FileFailure) -> String {
        let path = newStagedPath()
        let descriptor = try Files.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        do throws(FileFailure) { try Files.write(bytes, to: descriptor, at: 0, path: path) } catch {
            unlink(path)
            throw error
        }
        return path
    }

    func place(
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
    func makeParents(of path: String, in data: String) throws(FileFailure) {
        var folder = data
        for component in DataPath(path)?.components.dropLast() ?? [] {
            folder += "/\(component)"
            try Files.makeDirectory(folder)
        }
    }
}
