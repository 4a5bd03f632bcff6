internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// An open run directory: the way to its contents, for metadata and artifacts, for reading and writing.
///
/// Existence tests, the version of the frame (`MetricsLogs.frame(in:)`), and making, moving and removing whole run
/// folders go by path inside the runs directory instead. Such a path is made of fixed names and a folder's name (a run
/// id, or a session's name after its mark), which has been checked to be one safe path component.
///
/// Any program may have made the directory. Reading follows links that stay in it, and treats others as errors; writing
/// follows none. Paths are resolved from the open directory (openat2(2)), so that they do not lead out of it even if a
/// folder is replaced by a link meanwhile.
final class RunDirectory: Sendable {
    let descriptor: CInt

    /// Opens the directory.
    /// - Parameter followsLink: whether it may itself be a link, as when a person names it
    /// - Throws: if it does not exist
    init(_ path: String, followsLink: Bool = false) throws(FileFailure) {
        descriptor = try Files.open(path, clinux_path_only | O_DIRECTORY | (followsLink ? 0 : O_NOFOLLOW))
    }

    /// Takes an open directory.
    init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    // MARK: Reading

    /// What is at a path.
    enum Found {
        /// The receiver closes the descriptor.
        case file(CInt, stat)
        case folder(Folder)
    }

    /// Opens a path; the empty path is the directory itself. Nil if there is nothing, or something that is neither file
    /// nor folder.
    /// - Parameter links: which links are followed
    /// - Throws: if a link leads outside, or the server may not read it (`FileFailure.isOutOfReach`)
    func open(_ path: [UInt8], links: clinux_links = CLINUX_LINKS_BENEATH) throws(FileFailure) -> Found? {
        // O_NONBLOCK: opening a FIFO does not wait for a writer.
        let opened = (path.isEmpty ? Array(".".utf8) : path).withCString {
            clinux_open_beneath(descriptor, $0, O_RDONLY | O_NONBLOCK | O_NOCTTY, links)
        }
        guard opened >= 0 else {
            if Self.meansNothing(errno) { return nil }
            throw FileFailure("openat2", inRun: path)
        }
        let status = Files.status(of: opened)
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(opened, status)
        case S_IFDIR: return .folder(Folder(self, path: path, descriptor: opened))
        default:
            close(opened)
            return nil
        }
    }

    /// Opens a file for reading; nil if there is none.
    func openFile(_ path: RunPath) throws(FileFailure) -> CInt? {
        guard case .file(let opened, _) = try open(path.bytes) else { return nil }
        return opened
    }

    /// The same; a file that is out of reach counts as missing.
    func openIfInReach(_ path: RunPath) throws(FileFailure) -> CInt? {
        do throws(FileFailure) { return try openFile(path) } catch {
            if error.isOutOfReach { return nil }
            throw error
        }
    }

    /// The most bytes that are read of a run's files at once. A file may be of any size, and take no room on the disk.
    static let largestWhole = 256 << 20

    /// Reads a whole file; nil if there is none.
    /// - Throws: also if it is larger than `largestWhole` (EFBIG)
    func read(_ path: RunPath) throws(FileFailure) -> [UInt8]? {
        guard let opened = try openFile(path) else { return nil }
        defer { close(opened) }
        if Int(Files.status(of: opened).st_size) > Self.largestWhole {
            throw FileFailure("read", inRun: path.bytes, errno: EFBIG)
        }
        return try Files.read(opened, path: path.description)
    }

    /// The same for listings; a file that is out of reach, or larger than `most` bytes, counts as missing.
    func readIfInReach(_ path: RunPath, atMost most: Int = largestWhole) throws(FileFailure) -> [UInt8]? {
        guard let opened = try openIfInReach(path) else { return nil }
        defer { close(opened) }
        if Int(Files.status(of: opened).st_size) > most { return nil }
        return try Files.read(opened, path: path.description)
    }

    /// The status of a path, without opening it for reading (O_PATH, fstat(2)); nil if there is nothing, or it leads
    /// outside.
    func status(_ path: [UInt8], links: clinux_links = CLINUX_LINKS_BENEATH) -> stat? {
        let opened = path.withCString { clinux_open_beneath(descriptor, $0, clinux_path_only, links) }
        guard opened >= 0 else { return nil }
        defer { close(opened) }
        return Files.status(of: opened)
    }

    func status(_ path: RunPath) -> stat? { status(path.bytes) }

    /// The status of the path itself, even if it is a link; nil if there is nothing, or a link on the way (O_NOFOLLOW).
    func ownStatus(_ path: [UInt8]) throws(FileFailure) -> stat? {
        let opened = path.withCString {
            clinux_open_beneath(descriptor, $0, clinux_path_only | O_NOFOLLOW, CLINUX_NO_LINKS)
        }
        guard opened >= 0 else {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG { return nil }
            throw FileFailure("openat2", inRun: path)
        }
        defer { close(opened) }
        return Files.status(of: opened)
    }

    private static func meansNothing(_ code: CInt) -> Bool {
        [ENOENT, ENOTDIR, ENAMETOOLONG, ENXIO, ENODEV].contains(code)
    }

    /// A file or folder of the directory.
    struct Item {
        let path: [UInt8]
        let status: stat

        var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }
    }

    /// All files and folders below a folder, and the folder itself unless it is the run's directory; folders before
    /// their contents. Unreadable ones are left out.
    /// - Parameters:
    ///   - linkedFiles: whether a link to a file that stays in the directory counts as that file. Links to folders are
    ///     always skipped, since they can form a cycle
    ///   - excluded: names in the folder that are skipped
    ///   - other: called with the path of entries that are neither, or cannot be read
    func items(
        below folder: [UInt8] = [], linkedFiles: Bool, excluding excluded: Set<[UInt8]> = [],
        other: ([UInt8]) throws(StoreError) -> Void = { _ in }
    ) throws(StoreError) -> [Item] {
        var found: [Item] = []
        var folders = [folder]
        while let path = folders.popLast() {
            let opened: Folder
            do throws(FileFailure) {
                let links = path == folder ? CLINUX_LINKS_BENEATH : CLINUX_NO_LINKS
                guard case .folder(let there) = try open(path, links: links) else { continue }
                opened = there
            } catch {
                guard error.isOutOfReach else { throw StoreError(error) }
                try other(path)
                continue
            }
            if !path.isEmpty { found.append(Item(path: path, status: opened.status)) }
            for name in try storing({ () throws(FileFailure) in try opened.names() })
            where path != folder || !excluded.contains(name) {
                let child = opened.path(of: name)
                guard var status = try storing({ () throws(FileFailure) in try ownStatus(child) }) else { continue }
                if linkedFiles, status.st_mode & S_IFMT == S_IFLNK, let target = self.status(child),
                    target.st_mode & S_IFMT == S_IFREG
                {
                    status = target
                }
                switch status.st_mode & S_IFMT {
                case S_IFREG: found.append(Item(path: child, status: status))
                case S_IFDIR: folders.append(child)
                default: try other(child)
                }
            }
        }
        return found
    }
}

extension [UInt8] {
    /// Lends the bytes as a C string. They have no NUL.
    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        (self + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}
