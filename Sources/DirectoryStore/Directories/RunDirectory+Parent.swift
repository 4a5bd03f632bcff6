internal import CLinux
internal import Glibc
internal import LocalFiles

/// The folders of a path, opened and made without following links.
extension RunDirectory {
    /// The open folder of a path's last name (O_PATH).
    struct Parent: ~Copyable {
        let descriptor: CInt
        let path: RunPath

        fileprivate init(_ descriptor: CInt, _ path: RunPath) { (self.descriptor, self.path) = (descriptor, path) }

        deinit { close(descriptor) }

        func failure(_ call: String, _ code: CInt? = nil) -> FileFailure {
            FileFailure(call, inRun: path.bytes, errno: code)
        }

        /// The kind of the name, without following links; nil if there is nothing.
        var kind: mode_t? {
            var status = stat()
            guard fstatat(descriptor, path.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            return status.st_mode & S_IFMT
        }

        /// Throws if a folder or a link has the name.
        func expectFile() throws(FileFailure) {
            if kind == S_IFDIR { throw failure("rename", EISDIR) }
            if kind == S_IFLNK { throw failure("rename", ELOOP) }
        }

        /// Renames a file from elsewhere to the name.
        func take(_ file: String) throws(FileFailure) {
            if renameat(AT_FDCWD, file, descriptor, path.name) != 0 { throw failure("rename") }
        }

        /// Gives the file a second name elsewhere.
        /// - Returns: whether it has one now
        func keep(as other: String) throws(FileFailure) -> Bool {
            if linkat(descriptor, path.name, AT_FDCWD, other, 0) == 0 { return true }
            switch errno {
            // There is nothing, or the file system has no hard links: then it cannot be restored.
            case ENOENT, EPERM, EOPNOTSUPP, ENOSYS: return false
            default: throw failure("link")
            }
        }

        /// Makes a new file in the folder.
        func make(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
            let file = openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            if file < 0 { throw failure("open") }
            defer { close(file) }
            try Files.write(bytes, to: file, at: 0, path: name)
        }

        /// Opens the name if it is a file.
        func open(_ flags: CInt) throws(FileFailure) -> CInt {
            while true {
                // O_NONBLOCK for a FIFO; O_NOFOLLOW, since a dangling link would create a file elsewhere.
                let file = openat(
                    descriptor, path.name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0o644)
                if file >= 0 {
                    if Files.status(of: file).st_mode & S_IFMT == S_IFREG { return file }
                    close(file)
                    throw failure("open", ENXIO)
                }
                if errno != EINTR { throw failure("open") }
            }
        }
    }

    /// Lends the open folder of a path's last name.
    /// - Parameter makes: whether to make missing folders (mkdirat(2))
    func withFolder<Result>(
        of path: RunPath, makes: Bool = false, _ body: (borrowing Parent) throws(FileFailure) -> Result
    ) throws(FileFailure) -> Result {
        try body(Parent(try openFolder(of: path, makes: makes), path))
    }

    private func openFolder(of path: RunPath, makes: Bool) throws(FileFailure) -> CInt {
        let folders = path.folders.isEmpty ? "." : path.folders.joined(separator: "/")
        let flags = clinux_path_only | O_DIRECTORY
        var opened = clinux_open_beneath(descriptor, folders, flags, CLINUX_NO_LINKS)
        if opened < 0, errno == ENOENT, makes {
            for count in path.folders.indices {
                let folder = path.prefix(count + 1)
                if try ownStatus(folder.bytes) != nil { continue }
                try withFolder(of: folder) { parent throws(FileFailure) in
                    if mkdirat(parent.descriptor, folder.name, 0o755) != 0, errno != EEXIST {
                        throw parent.failure("mkdir")
                    }
                }
            }
            opened = clinux_open_beneath(descriptor, folders, flags, CLINUX_NO_LINKS)
        }
        if opened < 0 { throw FileFailure("open", inRun: path.bytes) }
        return opened
    }
}
