internal import Glibc

/// Removes the contents of a directory, of any depth and with any names, without following links.
///
/// A program may have made names that are not UTF-8, paths longer than PATH_MAX, or folders without permissions. So
/// names stay bytes, and the contents of each folder are moved up into the directory before the folder is removed.
package struct DirectoryRemoval {
    package let path: String
    private var moved = 0

    package init(path: String) { self.path = path }

    /// The directory is empty on return, unless something is added meanwhile.
    package mutating func empty() throws(FileFailure) {
        while try pass() {}
    }

    /// Makes one pass over the directory.
    /// - Returns: whether something was moved up into it
    private mutating func pass() throws(FileFailure) -> Bool {
        // A link in its place must not be followed.
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0, let directory = fdopendir(opened) else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return false }
            throw FileFailure("opendir", path)
        }
        defer { closedir(directory) }
        var hasMoved = false
        while let name = Self.next(in: directory) {
            let isGone = try Self.remove(name, in: dirfd(directory), path)
            if isGone { continue }
            try moveUp(from: name, into: dirfd(directory))
            hasMoved = true
        }
        return hasMoved
    }

    /// Moves a folder's subfolders up into the directory, removes its files, then the folder.
    private mutating func moveUp(from name: UnsafePointer<CChar>, into top: CInt) throws(FileFailure) {
        // It may have been made without permissions.
        fchmodat(top, name, 0o700, 0)
        let inner = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0, let folder = fdopendir(inner) else {
            let failure = FileFailure("open", path)
            if inner >= 0 { close(inner) }
            throw failure
        }
        defer { closedir(folder) }
        while let child = Self.next(in: folder) {
            if try Self.remove(child, in: inner, path) { continue }
            fchmodat(inner, child, 0o700, 0)
            repeat { moved += 1 } while renameat(inner, child, top, "moved-\(moved)") != 0 && Self.isTaken(errno)
        }
        if unlinkat(top, name, AT_REMOVEDIR) != 0, errno != ENOENT { throw FileFailure("rmdir", path) }
    }

    private static func isTaken(_ code: CInt) -> Bool { code == EEXIST || code == ENOTEMPTY || code == ENOTDIR }

    /// Removes a file or an empty folder (unlinkat(2)).
    /// - Returns: whether it is gone; false for a folder that is not empty
    private static func remove(
        _ name: UnsafePointer<CChar>, in directory: CInt, _ path: String
    ) throws(FileFailure) -> Bool {
        if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return true }
        if unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return true }
        if errno == ENOTEMPTY || errno == EEXIST { return false }
        throw FileFailure("unlink", path)
    }

    /// The next name in a directory, without `.` and `..`; valid until the next call (readdir(3)).
    private static func next(in directory: OpaquePointer) -> UnsafePointer<CChar>? {
        while let entry = readdir(directory) {
            guard let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else { return nil }
            let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { return name }
        }
        return nil
    }
}
