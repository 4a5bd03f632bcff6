internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata

/// A run's data directory, or a folder in it, open, whose files are looked at and read by their names in it (openat2(2),
/// fstatat(2)): for whoever goes through many runs, and asks the kernel no more than is needed. As in `RunDirectory`, links that
/// stay in the run are followed, and what is behind others counts as missing.
struct OpenFolder: ~Copyable {
    private let descriptor: CInt
    /// The run's directory.
    private let run: String
    /// The folder's path below it.
    private let path: String

    /// Opens a run's data directory.
    /// - Throws: also where there is none
    init(_ data: String) throws(FileFailure) {
        path = RunLayout.dataDirectory
        run = String(data.utf8.dropLast(path.utf8.count + 1)) ?? data
        descriptor = Self.openBeneath(run, path, O_RDONLY | O_DIRECTORY)
        if descriptor < 0 { throw FileFailure("open", data) }
    }

    private init(_ run: String, _ path: String, _ descriptor: CInt) {
        (self.run, self.path, self.descriptor) = (run, path, descriptor)
    }

    deinit { close(descriptor) }

    private static func openBeneath(_ run: String, _ path: String, _ flags: CInt) -> CInt {
        let directory = Glibc.open(run, clinux_path_only | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { return -1 }
        defer {
            let code = errno
            close(directory)
            errno = code
        }
        return clinux_open_beneath(directory, path, flags, CLINUX_LINKS_BENEATH)
    }

    /// Opens a name in the folder; -1 and errno where that is not possible.
    private func open(_ name: UnsafePointer<CChar>, _ flags: CInt) -> CInt {
        let found = clinux_open_beneath(descriptor, name, flags, CLINUX_LINKS_BENEATH)
        if found >= 0 || errno != EXDEV { return found }
        // A link out of this folder may stay in the run.
        return Self.openBeneath(run, "\(path)/\(String(cString: name))", flags)
    }

    private static func isMissing(_ code: CInt) -> Bool {
        [ENOENT, ENOTDIR, EXDEV, ELOOP, ENXIO, ENODEV].contains(code)
    }

    /// The directory itself.
    var status: stat { Files.status(of: descriptor) }

    /// A directory in this one; nil where there is none.
    func folder(_ name: String) throws(FileFailure) -> OpenFolder? {
        let found = open(name, O_RDONLY | O_DIRECTORY)
        if found >= 0 { return OpenFolder(run, "\(path)/\(name)", found) }
        if Self.isMissing(errno) { return nil }
        throw FileFailure("open", "\(run)/\(path)/\(name)")
    }

    /// What is at a name, links in the run followed; nil where nothing is.
    func status(of name: UnsafePointer<CChar>) -> stat? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        if status.st_mode & S_IFMT != S_IFLNK { return status }
        let found = open(name, clinux_path_only)
        guard found >= 0 else { return nil }
        defer { close(found) }
        return Files.status(of: found)
    }

    /// Calls for each name, in the directory's own order.
    func eachName(
        _ body: (UnsafePointer<CChar>, borrowing OpenFolder) throws(FileFailure) -> Void
    ) throws(FileFailure) {
        // Names of a run's properties are few.
        let room = 4096
        let names = UnsafeMutablePointer<CChar>.allocate(capacity: room)
        defer { names.deallocate() }
        while true {
            let count = clinux_names(descriptor, names, room)
            if count < 0 { throw FileFailure("getdents64", "\(run)/\(path)") }
            if count == 0 { return }
            var name = names
            while name < names + count {
                try body(name, self)
                name += strlen(name) + 1
            }
        }
    }

    /// Opens a file for reading, if there is one, lends it and what it is (fstat(2)), and closes it.
    /// - Returns: nil where there is no file, or something that is none
    func withFile<Result>(
        _ name: UnsafePointer<CChar>, _ body: (CInt, stat) throws(FileFailure) -> Result
    ) throws(FileFailure) -> (status: stat, result: Result?)? {
        // Not blocking: a FIFO is opened at once, and seen to be no file.
        let file = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else {
            if Self.isMissing(errno) { return nil }
            throw FileFailure("open", "\(run)/\(path)/\(String(cString: name))")
        }
        defer { close(file) }
        let status = Files.status(of: file)
        guard status.st_mode & S_IFMT == S_IFREG else { return (status, nil) }
        return (status, try body(file, status))
    }

    /// Reads a file into memory that is used again and again.
    /// - Returns: its status and, where it is a file, its bytes, which stand until the next one is read; nil where there is none
    /// - Parameter most: bytes that are read, whatever the file's size is by then
    func read(
        _ name: UnsafePointer<CChar>, into memory: FileMemory, atMost most: Int
    ) throws(FileFailure) -> (status: stat, result: UnsafeRawBufferPointer?)? {
        try withFile(name) { (file, status) throws(FileFailure) in
            let size = min(Int(status.st_size), most)
            let bytes = memory.room(size)
            var count = 0
            while count < size {
                let part = Glibc.read(file, bytes.baseAddress! + count, size - count)
                if part < 0 {
                    if errno == EINTR { continue }
                    throw FileFailure("read", "\(run)/\(path)/\(String(cString: name))")
                }
                if part == 0 { break }
                count += part
            }
            return UnsafeRawBufferPointer(rebasing: bytes[..<count])
        }
    }
}

/// Memory into which one file after the other is read. For one thread at a time.
final class FileMemory {
    private var bytes: UnsafeMutableRawBufferPointer
    /// More than that is given back once something smaller is read.
    private static let usual = 16 << 10

    init() { bytes = .allocate(byteCount: Self.usual, alignment: 16) }

    deinit { bytes.deallocate() }

    /// Room for so many bytes, at least one.
    func room(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if count > bytes.count || bytes.count > Self.usual {
            bytes.deallocate()
            bytes = .allocate(byteCount: max(count, Self.usual), alignment: 16)
        }
        return bytes
    }
}
