internal import CLinux
internal import Glibc

/// An open directory, whose files are looked at and read by their names in it (openat(2), fstatat(2)): for whoever goes through
/// many runs, and asks the kernel no more than is needed.
struct OpenFolder: ~Copyable {
    private let descriptor: CInt
    private let path: String

    /// Opens a directory.
    /// - Throws: also where there is none
    init(_ path: String) throws(FileFailure) {
        self.path = path
        descriptor = try Files.open(path, O_RDONLY | O_DIRECTORY)
    }

    private init(_ path: String, _ descriptor: CInt) { (self.path, self.descriptor) = (path, descriptor) }

    deinit { close(descriptor) }

    /// The directory itself.
    var status: stat { Files.status(of: descriptor) }

    /// A directory in this one; nil where there is none.
    func folder(_ name: String) throws(FileFailure) -> OpenFolder? {
        let found = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if found >= 0 { return OpenFolder("\(path)/\(name)", found) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw FileFailure("open", "\(path)/\(name)")
    }

    /// What is at a name, links followed; nil where nothing is.
    func status(of name: UnsafePointer<CChar>) -> stat? {
        var status = stat()
        return fstatat(descriptor, name, &status, 0) == 0 ? status : nil
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
            if count < 0 { throw FileFailure("getdents64", path) }
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
        let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileFailure("open", "\(path)/\(String(cString: name))")
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
                    throw FileFailure("read", "\(path)/\(String(cString: name))")
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
