internal import CLinux
package import Glibc
internal import SystemPackage

/// Calls on files, with errors that say what was tried (Linux man pages, section 2).
///
/// Descriptors are `CInt`, not swift-system's `FileDescriptor`: they come from and go to C functions (openat2(2),
/// open(2) with O_DIRECT, libmicrohttpd).
package enum Files {
    /// open(2).
    package static func open(_ path: String, _ flags: CInt, mode: mode_t = 0o644) throws(FileFailure) -> CInt {
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw FileFailure("open", path) }
        }
    }

    /// open(2) of a regular file for reading; nil if there is none.
    package static func openIfThere(_ path: String) throws(FileFailure) -> CInt? {
        // O_NONBLOCK: opening a FIFO does not wait for a writer.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileFailure("open", path)
        }
        if status(of: descriptor).st_mode & S_IFMT == S_IFREG { return descriptor }
        close(descriptor)
        return nil
    }

    /// stat(2); nil if there is no such file.
    package static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    package static func isDirectory(_ path: String) -> Bool { clinux_kind_at(path, 1) == CLINUX_DIRECTORY }

    /// Whether it is a directory; a link to one is not.
    package static func isOwnDirectory(_ path: String) -> Bool { clinux_kind_at(path, 0) == CLINUX_DIRECTORY }

    /// fstat(2).
    package static func status(of descriptor: CInt) -> stat {
        var status = stat()
        fstat(descriptor, &status)
        return status
    }

    /// mkdir(2); not an error if it exists.
    package static func makeDirectory(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o755) == 0 { return }
        guard errno == EEXIST else { throw FileFailure("mkdir", path) }
        if !isDirectory(path) { throw FileFailure("mkdir", path, errno: ENOTDIR) }
    }

    /// mkdir(2); not an error if it exists, unless it is a link.
    package static func makeOwnDirectory(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o755) == 0 { return }
        guard errno == EEXIST else { throw FileFailure("mkdir", path) }
        if !isOwnDirectory(path) { throw FileFailure("mkdir", path, errno: ENOTDIR) }
    }

    /// mkdir(2) of a path and all its parents.
    package static func makeDirectories(_ path: String) throws(FileFailure) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        let code = errno
        let folder = FilePath(path).removingLastComponent()
        guard code == ENOENT, !folder.isEmpty else { throw FileFailure("mkdir", path, errno: code) }
        try makeDirectories(folder.string)
        try makeDirectory(path)
    }

    /// Replaces a file, or makes it, atomically: the content is written and synced under another name, which is then
    /// renamed. The caller syncs the folder if the new name has to be durable.
    package static func replace(_ path: String, by bytes: [UInt8]) throws(FileFailure) {
        let fresh = "\(path).new"
        let descriptor = try open(fresh, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(descriptor) }
        try write(bytes, to: descriptor, at: 0, path: fresh)
        try sync(descriptor, path: fresh)
        try rename(fresh, to: path)
    }

    /// rename(2).
    package static func rename(_ from: String, to: String) throws(FileFailure) {
        if Glibc.rename(from, to) != 0 { throw FileFailure("rename", to) }
    }

    /// unlink(2); not an error if it is gone.
    package static func remove(_ path: String) throws(FileFailure) {
        if unlink(path) != 0, errno != ENOENT, errno != ENOTDIR { throw FileFailure("unlink", path) }
    }

    /// Removes a directory and all below it, without following links. If it is a link, removes only that.
    package static func removeTree(_ path: String) throws(FileFailure) {
        try empty(path)
        if rmdir(path) == 0 || errno == ENOENT { return }
        guard errno == ENOTDIR else { throw FileFailure("rmdir", path) }
        try remove(path)
    }

    /// Removes the contents of a directory (`DirectoryRemoval`).
    package static func empty(_ path: String) throws(FileFailure) {
        var removal = DirectoryRemoval(path: path)
        try removal.empty()
    }

    /// The names in a directory (readdir(3)); none if it does not exist.
    package static func names(in path: String) throws(FileFailure) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw FileFailure("opendir", path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// A directory, as the empty path, and all folders below it, parents first. Links do not count as folders.
    package static func folders(in path: String) throws(FileFailure) -> [String] {
        var found: [String] = []
        var left = [""]
        while let folder = left.popLast() {
            found.append(folder)
            let place = folder.isEmpty ? path : "\(path)/\(folder)"
            for name in try names(in: place) where isOwnDirectory("\(place)/\(name)") {
                left.append(folder.isEmpty ? name : "\(folder)/\(name)")
            }
        }
        return found
    }

    /// The most files that the process may have open (getrlimit(2)).
    package static var mostOpen: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// Writes all bytes at an offset (pwrite(2)).
    package static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: CInt, at offset: Int, path: @autoclosure () -> String
    ) throws(FileFailure) {
        try calling("write", path()) { try put(bytes, descriptor, offset) }
    }

    package static func write(
        _ bytes: [UInt8], to descriptor: CInt, at offset: Int, path: @autoclosure () -> String
    ) throws(FileFailure) {
        try calling("write", path()) { try bytes.withUnsafeBytes { try put($0, descriptor, offset) } }
    }

    /// Not `writeAll(toAbsoluteOffset:_:)`, which is generic and called for each row.
    private static func put(_ bytes: UnsafeRawBufferPointer, _ descriptor: CInt, _ offset: Int) throws {
        let file = FileDescriptor(rawValue: descriptor)
        var count = 0
        while count < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
            count += try file.write(toAbsoluteOffset: Int64(offset + count), rest)
        }
    }

    /// Reads a whole file; nil if there is none.
    package static func read(_ path: String) throws(FileFailure) -> [UInt8]? {
        guard let descriptor = try openIfThere(path) else { return nil }
        defer { close(descriptor) }
        return try read(descriptor, path: path)
    }

    /// Reads all of an open file (pread(2)).
    package static func read(_ descriptor: CInt, path: String) throws(FileFailure) -> [UInt8] {
        let size = max(0, Int(status(of: descriptor).st_size))
        return try calling("read", path) {
            try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = try fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor, at: 0)
            }
        }
    }

    /// Reads from an offset of an open file until a buffer is full or the file ends (pread(2)).
    /// - Returns: the number of bytes read
    package static func read(
        _ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer, at offset: Int,
        path: @autoclosure () -> String
    ) throws(FileFailure) -> Int {
        try calling("read", path()) { try fill(buffer, from: descriptor, at: offset) }
    }

    private static func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from descriptor: CInt, at offset: Int
    ) throws -> Int {
        let file = FileDescriptor(rawValue: descriptor)
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let part = try file.read(fromAbsoluteOffset: Int64(offset + count), into: rest)
            if part == 0 { break }
            count += part
        }
        return count
    }

    /// Makes a call of swift-system, which repeats it after a signal; the error says what was tried.
    private static func calling<Result>(
        _ call: String, _ path: @autoclosure () -> String, _ body: () throws -> Result
    ) throws(FileFailure) -> Result {
        do { return try body() } catch {
            throw FileFailure(call, path(), errno: (error as? Errno)?.rawValue ?? EIO)
        }
    }

    /// Syncs a file or directory by its path (fsync(2)); not an error if it is gone.
    @discardableResult
    package static func sync(_ path: String) throws(FileFailure) -> Bool {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return false }
            throw FileFailure("open", path)
        }
        defer { close(descriptor) }
        try sync(descriptor, path: path)
        return true
    }

    /// Syncs an open file or directory (fsync(2)). If a signal interrupts the call, it is repeated: that is not a
    /// failed sync.
    package static func sync(_ descriptor: CInt, path: String) throws(FileFailure) {
        while fsync(descriptor) != 0 {
            // EINVAL: a file that cannot be synced, such as a FIFO that another program made.
            if errno == EINVAL { return }
            if errno != EINTR { throw FileFailure("fsync", path) }
        }
    }

    /// The same for a file's content only (fdatasync(2)).
    package static func syncContent(_ descriptor: CInt, path: String) throws(FileFailure) {
        while fdatasync(descriptor) != 0 {
            if errno != EINTR { throw FileFailure("fdatasync", path) }
        }
    }

    /// Syncs the whole file system that a directory is on (syncfs(2)).
    package static func syncFileSystem(at path: String) throws(FileFailure) {
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        try syncFileSystem(of: directory)
    }

    /// The same for an open directory.
    package static func syncFileSystem(of directory: CInt) throws(FileFailure) {
        while clinux_sync_file_system(directory) != 0 {
            if errno != EINTR { throw FileFailure("syncfs", "the file system of the runs directory") }
        }
    }
}
