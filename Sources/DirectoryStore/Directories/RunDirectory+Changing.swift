internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import SystemPackage

/// Changing the contents of a run's directory. No link is followed, neither on the way nor at the end.
extension RunDirectory {
    /// What is at a path, without following links.
    enum Place {
        case nothing
        case file(FileVersion)
        case folder
        /// A link, or a link on the way.
        case link(RunPath)
        /// Something else, such as a device.
        case other
        /// A name before the last is not a folder.
        case blocked(by: RunPath)
    }

    /// Finds what is at a path.
    func look(_ path: RunPath) throws(FileFailure) -> Place {
        // Usually the path exists, or its folder does.
        let opened = path.bytes.withCString {
            clinux_open_beneath(descriptor, $0, clinux_path_only | O_NOFOLLOW, CLINUX_NO_LINKS)
        }
        if opened >= 0 {
            defer { close(opened) }
            return place(Files.status(of: opened), path)
        }
        let code = errno
        if code == ENOENT || code == ENAMETOOLONG { return .nothing }
        guard code == ENOTDIR || code == ELOOP else { throw FileFailure("openat2", inRun: path.bytes, errno: code) }
        for count in 1...path.components.count {
            let part = path.prefix(count)
            guard let status = try ownStatus(part.bytes) else { return .nothing }
            if count < path.components.count, status.st_mode & S_IFMT == S_IFDIR { continue }
            if count < path.components.count, status.st_mode & S_IFMT != S_IFLNK { return .blocked(by: part) }
            return place(status, part)
        }
        return .nothing
    }

    private func place(_ status: stat, _ path: RunPath) -> Place {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: .folder
        case S_IFLNK: .link(path)
        case S_IFREG: .file(FileVersion(status))
        default: .other
        }
    }

    /// Ensures that a file can be put at a path: makes its folders, and checks that no folder or link has the path.
    func prepare(_ path: RunPath) throws(FileFailure) {
        try withFolder(of: path, makes: true) { folder throws(FileFailure) in try folder.expectFile() }
    }

    /// The result of putting a staged file at a path.
    enum Swap: Sendable {
        /// There was nothing before.
        case made
        /// The previous file is now where the staged file was.
        case exchanged
        /// The previous file now has this path (on a file system that cannot exchange).
        case setAside(String)
    }

    /// Puts a staged file at a path atomically, and keeps the previous file. Makes no folders.
    ///
    /// By RENAME_EXCHANGE (renameat2(2)): rename(2) over a file makes ext4 write the new file's blocks first (mount
    /// option auto_da_alloc, ext4(5)), which takes five times as long and is unnecessary with the journal.
    func swap(_ path: RunPath, for staged: String) throws(FileFailure) -> Swap {
        try withFolder(of: path) { folder throws(FileFailure) in
            if clinux_exchange_in(staged, folder.descriptor, path.name) == 0 {
                let kind = clinux_kind_at(staged, 0)
                if kind != CLINUX_DIRECTORY, kind != CLINUX_LINK { return .exchanged }
                // What was there is not a file: exchange back.
                _ = clinux_exchange_in(staged, folder.descriptor, path.name)
                throw folder.failure("rename", kind == CLINUX_LINK ? ELOOP : EISDIR)
            }
            switch errno {
            case ENOENT:
                try folder.take(staged)
                return .made
            case EINVAL, ENOSYS, EOPNOTSUPP:
                let aside = try folder.keep(as: staged + "-before")
                try folder.take(staged)
                return aside ? .setAside(staged + "-before") : .made
            default: throw folder.failure("renameat2")
            }
        }
    }

    /// Puts a staged folder at a path atomically. What was there is now where the staged one was.
    /// - Returns: whether there was something
    func swapFolder(_ path: RunPath, for staged: String) throws(FileFailure) -> Bool {
        try withFolder(of: path, makes: true) { folder throws(FileFailure) in
            if clinux_exchange_in(staged, folder.descriptor, path.name) == 0 {
                if clinux_kind_at(staged, 0) == CLINUX_DIRECTORY { return true }
                _ = clinux_exchange_in(staged, folder.descriptor, path.name)
                throw folder.failure("rename", ENOTDIR)
            }
            try folder.take(staged)
            return false
        }
    }

    /// Renames a file from elsewhere to a path, over an existing one (renameat(2)), and makes its folders.
    /// - Parameter before: a second name for the existing file, by which it can be restored (linkat(2))
    /// - Returns: whether it has that name now
    func place(_ file: String, at path: RunPath, keeping before: String? = nil) throws(FileFailure) -> Bool {
        try withFolder(of: path, makes: true) { folder throws(FileFailure) in
            try folder.expectFile()
            let isKept = try before.map { before throws(FileFailure) in try folder.keep(as: before) } ?? false
            do throws(FileFailure) { try folder.take(file) } catch {
                if isKept, let before { unlink(before) }
                throw error
            }
            return isKept
        }
    }

    /// Renames a file from another run's directory to a path, as `place` does.
    /// - Returns: nil if the other has no such file
    func adopt(_ path: RunPath, from other: RunDirectory, keeping before: String) throws(FileFailure) -> Bool? {
        try other.withFolder(of: path) { source throws(FileFailure) in
            guard source.kind == S_IFREG else { return nil }
            return try withFolder(of: path, makes: true) { target throws(FileFailure) in
                try target.expectFile()
                let isKept = try target.keep(as: before)
                if renameat(source.descriptor, path.name, target.descriptor, path.name) == 0 { return isKept }
                let failure = target.failure("rename")
                if isKept { unlink(before) }
                throw failure
            }
        }
    }

    /// Renames a file out of the run.
    /// - Returns: false if it is gone, or was replaced by a folder
    func take(_ path: RunPath, to file: String) throws(FileFailure) -> Bool {
        do throws(FileFailure) {
            return try withFolder(of: path) { folder throws(FileFailure) in
                guard let kind = folder.kind, kind != S_IFDIR else { return false }
                if renameat(folder.descriptor, path.name, AT_FDCWD, file) == 0 { return true }
                if errno == ENOENT { return false }
                throw folder.failure("rename")
            }
        } catch {
            // A folder on the way is gone, or no longer a folder.
            if [.noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels].contains(error.errno) {
                return false
            }
            throw error
        }
    }

    /// Renames a folder out of the run.
    func takeFolder(_ path: RunPath, to folder: String) throws(FileFailure) {
        try withFolder(of: path) { parent throws(FileFailure) in
            if renameat(parent.descriptor, path.name, AT_FDCWD, folder) != 0 { throw parent.failure("rename") }
        }
    }

    /// Opens a file for writing, and makes it and its folders if missing; throws if it is not a file.
    func openForWriting(_ path: RunPath) throws(FileFailure) -> CInt {
        try withFolder(of: path, makes: true) { folder throws(FileFailure) in
            try folder.open(O_RDWR | O_CREAT)
        }
    }

    /// Opens a file for writing; nil if there is none.
    func openExisting(_ path: RunPath) throws(FileFailure) -> CInt? {
        do throws(FileFailure) {
            return try withFolder(of: path) { folder throws(FileFailure) in try folder.open(O_RDWR) }
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// Removes a file (unlinkat(2)); not an error if it is gone.
    func remove(_ path: RunPath) throws(FileFailure) {
        do throws(FileFailure) {
            try withFolder(of: path) { folder throws(FileFailure) in
                if unlinkat(folder.descriptor, path.name, 0) != 0 { throw folder.failure("unlink") }
            }
        } catch {
            guard error.isMissing else { throw error }
        }
    }

    /// Removes the folders above a path that are empty, the innermost first (unlinkat(2)), but for the data directory.
    func removeEmptyFolders(above path: RunPath) throws(FileFailure) {
        for count in path.folders.indices.reversed() {
            let folder = path.prefix(count + 1)
            if folder.components == RunPath.data.components { return }
            do throws(FileFailure) {
                try withFolder(of: folder) { parent throws(FileFailure) in
                    if unlinkat(parent.descriptor, folder.name, AT_REMOVEDIR) != 0 { throw parent.failure("rmdir") }
                }
            } catch {
                if error.isMissing { continue }
                if error.errno == .directoryNotEmpty { return }
                throw error
            }
        }
    }

    /// Cuts a file (ftruncate(2)).
    func truncate(_ path: RunPath, to length: Int) throws(FileFailure) {
        guard let file = try openExisting(path) else { return }
        defer { close(file) }
        if ftruncate(file, off_t(length)) != 0 { throw FileFailure("ftruncate", inRun: path.bytes) }
    }

    // MARK: Syncing

    /// The result of a sync.
    enum Synced {
        case done
        /// It is gone, or was replaced by something else.
        case missing
        /// It exists, but the server may not open it.
        case closed
    }

    /// Syncs the file or folder at a path; the empty path is the directory itself (fsync(2)).
    func sync(_ path: [UInt8] = []) throws(FileFailure) -> Synced {
        let opened = (path.isEmpty ? Array(".".utf8) : path).withCString {
            clinux_open_beneath(descriptor, $0, O_RDONLY | O_NONBLOCK | O_NOCTTY, CLINUX_NO_LINKS)
        }
        guard opened >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR, ELOOP, EXDEV, ENXIO, ENODEV, ENAMETOOLONG: return .missing
            case EACCES, EPERM: return .closed
            default: throw FileFailure("openat2", inRun: path)
            }
        }
        defer { close(opened) }
        try Files.sync(opened, path: String(decoding: path, as: UTF8.self))
        return .done
    }
}
