internal import CLinux
internal import Glibc
internal import RunMetadata
internal import SystemPackage

/// Changes files of a run that are outside of its data directory, and follows no link on the way: anyone may have made the
/// directory.
enum ArtifactFiles {
    /// What is at a path.
    enum Found {
        case nothing
        case file(FileVersion)
        case folder
        /// A link, or a link on the way.
        case link(ArtifactPath)
        /// Something that is neither, such as a device.
        case other
        /// A component before the last is no folder.
        case blocked(by: ArtifactPath)
    }

    /// Looks at a path in a run's directory.
    static func look(_ path: ArtifactPath, in run: String) throws(FileFailure) -> Found {
        let tree = try RunTree(run)
        for count in 1...path.components.count {
            guard let part = ArtifactPath(components: Array(path.components.prefix(count))) else { break }
            let isLast = count == path.components.count
            guard let status = try tree.ownStatus(Array(part.description.utf8)) else { return .nothing }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: if isLast { return .folder }
            case S_IFLNK: return .link(part)
            case S_IFREG: return isLast ? .file(FileVersion(status)) : .blocked(by: part)
            default: return isLast ? .other : .blocked(by: part)
            }
        }
        return .nothing
    }

    /// Makes sure that a file can be put at a path: its folders are made, and no folder has its place.
    static func prepare(_ path: ArtifactPath, in run: String) throws(FileFailure) {
        let found = try withFolder(of: path, in: run, makes: true) { folder, name in
            var status = stat()
            return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFDIR
        }
        if found == true { throw FileFailure("rename", path.description, errno: EISDIR) }
    }

    /// Renames a file from elsewhere into a run, over the one that is there (rename(2)).
    /// - Parameter before: a second name for that other one, by which it can be put back (link(2))
    /// - Returns: whether it has that name now
    static func place(
        _ file: String, at path: ArtifactPath, in run: String, keeping before: String? = nil
    ) throws(FileFailure) -> Bool {
        let (code, isKept): (CInt, Bool) =
            try withFolder(of: path, in: run, makes: true) { folder, name in
                let isKept = before.map { linkat(folder, name, AT_FDCWD, $0, 0) == 0 } ?? false
                if renameat(AT_FDCWD, file, folder, name) == 0 { return (0, isKept) }
                let code = errno
                if isKept, let before { unlink(before) }
                return (code, false)
            } ?? (ENOENT, false)
        if code != 0 { throw FileFailure("rename", path.description, errno: code) }
        return isKept
    }

    /// Renames a file out of a run.
    /// - Returns: false where it is gone, or something else than a file has its place since
    static func take(_ path: ArtifactPath, of run: String, to file: String) throws(FileFailure) -> Bool {
        let code: CInt? = try withFolder(of: path, in: run, makes: false) { folder, name in
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return errno }
            if status.st_mode & S_IFMT == S_IFDIR { return ENOENT }
            return renameat(folder, name, AT_FDCWD, file) == 0 ? 0 : errno
        }
        guard let code, code != ENOENT else { return false }
        if code != 0 { throw FileFailure("rename", path.description, errno: code) }
        return true
    }

    /// Syncs the folders below a run's directory on the way to a path, from the top down (fsync(2)). What has been changed by
    /// something else since, so that they cannot be opened, is passed over.
    /// - Returns: whether all were there
    static func syncFolders(of path: ArtifactPath, in run: String) throws(FileFailure) -> Bool {
        var isThere = true
        for depth in path.components.indices.dropFirst() {
            guard isThere, let name = ArtifactPath(components: Array(path.components.prefix(depth))) else { break }
            let code: CInt?
            do throws(FileFailure) {
                code = try withFolder(of: name, in: run, makes: false) { parent, name in
                    let opened = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                    guard opened >= 0 else { return ENOENT }
                    defer { close(opened) }
                    return fsync(opened) == 0 ? 0 : errno
                }
            } catch {
                guard error.errno == .noSuchFileOrDirectory else { throw error }
                return false
            }
            if let code, code != 0, code != ENOENT { throw FileFailure("fsync", name.description, errno: code) }
            isThere = code == 0
        }
        return isThere
    }

    /// Lends the open folder that a path's last component is in, and that component.
    /// - Parameter makes: whether folders that are missing are made (mkdirat(2))
    /// - Returns: nil when there is no such folder, and it is not made
    private static func withFolder<Result>(
        of path: ArtifactPath, in run: String, makes: Bool, _ body: (CInt, String) -> Result
    ) throws(FileFailure) -> Result? {
        var folder = try Files.open(run, clinux_path_only | O_DIRECTORY)
        defer { close(folder) }
        for name in path.components.dropLast() {
            if makes, mkdirat(folder, name, 0o755) != 0, errno != EEXIST {
                throw FileFailure("mkdir", path.description)
            }
            let next = openat(folder, name, clinux_path_only | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else {
                if !makes, errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return nil }
                throw FileFailure("open", path.description)
            }
            close(folder)
            folder = next
        }
        return body(folder, path.components.last ?? "")
    }
}
