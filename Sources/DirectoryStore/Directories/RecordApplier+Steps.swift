internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import SystemPackage

/// The single steps. Each notes how it is undone.
extension RecordApplier {
    func apply(_ record: RedoRecord, _ done: inout StepsDone) throws(FileFailure) {
        let folder = record.folder
        switch record.step {
        case .create:
            let (run, data) = (paths.run(folder, .pending), paths.data(folder, .pending))
            // With folders in it that other steps make for artifacts. Never with its parent: if that is gone, so are
            // all its runs.
            let isThere = Files.isOwnDirectory(run)
            try Files.makeOwnDirectory(run)
            if !isThere { done.note { () throws(FileFailure) in try Files.removeTree(run) } }
            try Files.makeOwnDirectory(data)
            if isThere { done.note { () throws(FileFailure) in try Files.removeTree(data) } }
            note(folder, at: .pending)
        case .remove(let path):
            guard let directory = try directory(of: folder) else { return }
            try remove(RunPath(record: path), in: directory, &done)
        case .publish(let path, let staged):
            // By rename(2), which can be repeated: the staged file was synced, so ext4 has nothing to write first.
            try publish("\(paths.staging)/\(staged)", folder, path, &done)
        case .publishFolder(let path, let staged, let inode):
            try publishFolder("\(paths.staging)/\(staged)", inode, folder, path, &done)
        case .append(let path, let offset, let bytes): try append(bytes, at: offset, folder, path, &done)
        // Recovery has checked its inode number.
        case .adopt(let path, let from, _):
            guard let source = try directory(of: from) else { return }
            try adopt(RunPath(record: path), from: source, folder, &done)
        case .move(let target): try move(folder, to: target, &done)
        case .restore: try move(folder, to: .initialised, &done)
        case .delete(let name):
            guard let place = place(of: folder) else { return }
            // Invisible at once; emptying it may take long.
            let (run, aside) = (paths.run(folder, place), "\(paths.staging)/\(name)")
            try Files.rename(run, to: aside)
            done.note(deleting: run, aside: aside)
            note(folder, at: nil)
        case .put, .activate, .viewLags: return
        }
    }

    /// Writes the active run to a session's file; none if the folder is empty. In place, since this happens for each
    /// initialised run, and the journal has it until the file is synced.
    func activate(_ folder: String, _ file: RunPath, _ done: inout StepsDone) throws(FileFailure) {
        let sessions = try sessionsDirectory()
        if folder.isEmpty { return try remove(file, in: sessions, &done) }
        let descriptor = try sessions.openForWriting(file)
        defer { close(descriptor) }
        let before = try Files.read(descriptor, path: file.description)
        done.note { () throws(FileFailure) in
            if before.isEmpty { return try sessions.remove(file) }
            let descriptor = try sessions.openForWriting(file)
            defer { close(descriptor) }
            try Files.write(before, to: descriptor, at: 0, path: file.description)
        }
        try Files.write(Sessions.text(folder), to: descriptor, at: 0, path: file.description)
    }

    private func move(_ folder: String, to target: RunPlace, _ done: inout StepsDone) throws(FileFailure) {
        guard let place = place(of: folder), place != target else { return }
        let (from, to) = (paths.run(folder, place), paths.run(folder, target))
        if Files.isOwnDirectory(to) {
            // Another program made the directory before, without metadata: the run is merged into it. The data
            // directory comes last, since it decides where the run is; the moves before need not be undone.
            try RunDirectory(to).takeAll(from: RunDirectory(from), except: RunLayout.dataDirectory)
            let (data, newData) = (paths.data(folder, place), paths.data(folder, target))
            try Files.rename(data, to: newData)
            rmdir(from)
            done.note { () throws(FileFailure) in
                try Files.makeDirectory(from)
                try Files.rename(newData, to: data)
            }
        } else {
            if target == .archived { try Files.makeDirectory(paths.archive) }
            do throws(FileFailure) { try Files.rename(from, to: to) } catch {
                // The directory may be a mount point, or was replaced since.
                throw FileFailure("rename", inRun: Array(folder.utf8), errno: error.errno.rawValue)
            }
            done.note { () throws(FileFailure) in try Files.rename(to, to: from) }
        }
        note(folder, at: target)
    }

    /// Removes a file, if it exists, so that it can be restored.
    func remove(_ path: RunPath, in directory: RunDirectory, _ done: inout StepsDone) throws(FileFailure) {
        if case .folder = try directory.look(path) { throw FileFailure("unlink", inRun: path.bytes, errno: EISDIR) }
        let aside = newStagedPath()
        if try directory.take(path, to: aside) { done.note(removing: path, of: directory, aside: aside) }
    }

    func stage(_ bytes: [UInt8]) throws(FileFailure) -> String {
        let path = newStagedPath()
        let descriptor = try Files.open(path, O_WRONLY | O_CREAT | O_EXCL)
        defer { close(descriptor) }
        do throws(FileFailure) { try Files.write(bytes, to: descriptor, at: 0, path: path) } catch {
            unlink(path)
            throw error
        }
        return path
    }

    func place(
        _ staged: String, at path: RunPath, in directory: RunDirectory, _ done: inout StepsDone
    ) throws(FileFailure) {
        done.note(try directory.swap(path, for: staged), of: path, in: directory, for: staged)
    }

    /// Writes bytes at an offset of a file, or at its end if that comes first; leaves nothing of them if there is no
    /// room.
    private func append(_ bytes: [UInt8], at offset: Int, _ folder: String, _ path: String, _ done: inout StepsDone)
        throws(FileFailure)
    {
        let (directory, path) = (try existingDirectory(of: folder), try RunPath(record: path))
        let descriptor = try directory.openForWriting(path)
        defer { close(descriptor) }
        let start = min(offset, Int(Files.status(of: descriptor).st_size))
        done.note { () throws(FileFailure) in
            if start > 0 { try directory.truncate(path, to: start) } else { try directory.remove(path) }
        }
        try Files.write(bytes, to: descriptor, at: start, path: path.description)
    }

    /// Publishes a staged folder atomically. What was there is left in the staging folder.
    private func publishFolder(
        _ staged: String, _ inode: UInt64, _ folder: String, _ path: String, _ done: inout StepsDone
    )
        throws(FileFailure)
    {
        guard let status = Files.status(staged), UInt64(status.st_ino) == inode else { return }
        let (directory, path) = (try existingDirectory(of: folder), try RunPath(record: path))
        if try directory.swapFolder(path, for: staged) {
            done.note { () throws(FileFailure) in _ = try directory.swapFolder(path, for: staged) }
        } else {
            done.note { () throws(FileFailure) in try directory.takeFolder(path, to: staged) }
        }
    }

    /// Renames a staged file to a path. The previous file keeps another name as long as it is needed.
    private func publish(
        _ staged: String, _ folder: String, _ path: String, _ done: inout StepsDone
    ) throws(FileFailure) {
        let (directory, path) = (try existingDirectory(of: folder), try RunPath(record: path))
        let before = newStagedPath()
        let isThere = try directory.place(staged, at: path, keeping: before)
        done.note(leftover: isThere ? before : nil) { () throws(FileFailure) in
            _ = try directory.take(path, to: staged)
            if isThere { _ = try directory.place(before, at: path) }
        }
    }

    /// The same for a file of another folder.
    private func adopt(
        _ path: RunPath, from source: RunDirectory, _ folder: String, _ done: inout StepsDone
    ) throws(FileFailure) {
        let (directory, before) = (try existingDirectory(of: folder), newStagedPath())
        guard let isThere = try directory.adopt(path, from: source, keeping: before) else { return }
        done.note(leftover: isThere ? before : nil) { () throws(FileFailure) in
            _ = try source.adopt(path, from: directory, keeping: "\(before)-back")
            if isThere { _ = try directory.place(before, at: path) }
        }
    }
}
