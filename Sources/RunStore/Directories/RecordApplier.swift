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

    /// Does the steps of one write, all or none: whatever needs room is written aside, and whatever could be in the way is
    /// looked for, before anything is put in place. Rows are not written here, but gathered in `logs`.
    func apply(_ records: [RedoRecord], logs: MetricsLogs) throws(FileFailure) {
        var staged: [String] = []
        var created: [String] = []
        do throws(FileFailure) {
            for record in records {
                switch record.step {
                case .create:
                    try apply(record)
                    created.append(record.folder)
                case .put(let path, let bytes):
                    try prepare(record.folder, path)
                    staged.append(try stage(bytes))
                case .activate: staged.append(try stage(Array(record.folder.utf8)))
                case .publish(let path, _): try prepare(record.folder, path)
                default: continue
                }
            }
        } catch {
            for path in staged { unlink(path) }
            for folder in created { uncreate(folder) }
            throw error
        }
        var next = staged.makeIterator()
        for record in records {
            switch record.step {
            case .create: continue
            case .put(let path, _): try place(next.next() ?? "", record.folder, path)
            case .append(_, _, let rows): logs.add(rows, to: record.folder)
            case .activate(let session):
                let file = "\(paths.sessions)/\(session)"
                let staged = next.next() ?? ""
                if record.folder.isEmpty {
                    unlink(staged)
                    try Files.remove(file)
                } else {
                    try Files.replace(file, by: staged)
                }
            default: try apply(record)
            }
        }
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

    /// Takes back the making of a folder in which nothing is yet.
    private func uncreate(_ folder: String) {
        rmdir(paths.data(folder, .pending))
        rmdir(paths.run(folder, .pending))
        places[folder] = .some(nil)
    }

    /// Does one step again, after a crash. What has been done before is left; a run that was removed by hand is not made
    /// anew, unless the journal tells how it was made.
    func redo(_ record: RedoRecord) throws(FileFailure) {
        if record.step == .create {
            if place(of: record.folder) == nil { try apply(record) }
            return
        }
        if case .activate = record.step {
            try apply([record], logs: MetricsLogs(paths: paths))
            return
        }
        guard let place = place(of: record.folder) else { return }
        switch record.step {
        case .put(let path, let bytes):
            try prepare(record.folder, path)
            try self.place(try stage(bytes), record.folder, path)
        case .append(let path, let offset, let bytes):
            let file = "\(paths.data(record.folder, place))/\(path)"
            let descriptor = try Files.open(file, O_RDWR | O_CREAT)
            defer { close(descriptor) }
            let size = Int(Files.status(of: descriptor).st_size)
            var failure: FileFailure?
            bytes.withUnsafeBytes { bytes in
                do throws(FileFailure) {
                    try Files.write(bytes, to: descriptor, at: min(offset, size), path: file)
                } catch { failure = error }
            }
            if let failure { throw failure }
        case .publish(_, let staged): if Files.status("\(paths.staging)/\(staged)") != nil { try apply(record) }
        // A run that is neither here nor there was moved by hand since, and stays.
        case .move(let target): if place == .pending || target != .initialised { try apply(record) }
        default: try apply(record)
        }
    }

    private func apply(_ record: RedoRecord) throws(FileFailure) {
        let folder = record.folder
        switch record.step {
        case .create:
            try Files.makeDirectories(paths.data(folder, .pending))
            places[folder] = .pending
        case .remove(let path):
            guard let place = place(of: folder) else { return }
            if let artifact = RecordPath.artifact(path) {
                return try ArtifactFiles.remove(artifact, in: paths.run(folder, place))
            }
            try Files.remove("\(paths.data(folder, place))/\(path)")
        case .publish(let path, let staged):
            // By rename(2), which can be done again: the staged file was synced, so ext4 has nothing to write first.
            try rename("\(paths.staging)/\(staged)", folder, path)
        case .adopt(let path, let from, let inode):
            guard let source = place(of: from) else { return }
            let file = paths.file(path, of: from, source)
            guard let status = Files.status(file), UInt64(status.st_ino) == inode else { return }
            try rename(file, folder, path)
        case .move(let target): try move(folder, to: target)
        case .delete(let name):
            guard let place = place(of: folder) else { return }
            // Out of sight at once; then it may take as long as it takes.
            let aside = "\(paths.staging)/\(name)"
            try Files.rename(paths.run(folder, place), to: aside)
            places[folder] = .some(nil)
            try Files.empty(aside)
        case .put, .append, .activate, .viewLags: return
        }
    }

    private func move(_ folder: String, to target: RunPlace) throws(FileFailure) {
        guard let place = place(of: folder) else { return }
        let (from, to) = (paths.run(folder, place), paths.run(folder, target))
        if Files.isDirectory(to) {
            // Something else made the directory before, without metadata: the run takes place in it. The data directory
            // comes last, since it says where the run is.
            try Files.merge(from, into: to, except: RunLayout.dataDirectory)
            try Files.rename(paths.data(folder, place), to: paths.data(folder, target))
            rmdir(from)
        } else {
            try Files.makeDirectories(paths.container(target))
            try Files.rename(from, to: to)
        }
        places[folder] = target
    }

    private func stage(_ bytes: [UInt8]) throws(FileFailure) -> String {
        stagedCount += 1
        let path = "\(paths.staging)/put-\(stagedCount)"
        let descriptor = try Files.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        var failure: FileFailure?
        bytes.withUnsafeBytes { bytes in
            do throws(FileFailure) { try Files.write(bytes, to: descriptor, at: 0, path: path) } catch {
                failure = error
            }
        }
        if let failure {
            unlink(path)
            throw failure
        }
        return path
    }

    private func place(_ staged: String, _ folder: String, _ path: String) throws(FileFailure) {
        guard let place = place(of: folder) else {
            unlink(staged)
            throw FileFailure("open", folder, errno: ENOENT)
        }
        do throws(FileFailure) {
            try Files.replace("\(paths.data(folder, place))/\(path)", by: staged)
        } catch {
            unlink(staged)
            throw error
        }
    }

    private func rename(_ file: String, _ folder: String, _ path: String) throws(FileFailure) {
        guard let place = place(of: folder) else { throw FileFailure("open", folder, errno: ENOENT) }
        if let artifact = RecordPath.artifact(path) {
            return try ArtifactFiles.place(file, at: artifact, in: paths.run(folder, place))
        }
        let data = paths.data(folder, place)
        try makeParents(of: path, in: data)
        try Files.rename(file, to: "\(data)/\(path)")
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
