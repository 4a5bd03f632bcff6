internal import Glibc
internal import LocalFiles
internal import RunStore

/// An open file of a run.
final class StoredFile: Blob {
    let descriptor: CInt
    let size: Int
    private let content: FileVersion
    /// The version of the open file; differs from `content` if it is a copy.
    private let opened: FileVersion

    var version: BlobVersion { BlobVersion(content) }
    var modified: Double { content.modified }

    /// Takes an open descriptor and closes it on deinit.
    convenience init(descriptor: CInt) { self.init(descriptor: descriptor, status: Files.status(of: descriptor)) }

    /// The same, with a known status.
    init(descriptor: CInt, status: stat) {
        self.descriptor = descriptor
        size = Int(status.st_size)
        content = FileVersion(status)
        opened = content
    }

    /// A copy of a file.
    init(descriptor: CInt, copyOf version: FileVersion) {
        self.descriptor = descriptor
        content = version
        opened = FileVersion(Files.status(of: descriptor))
        size = opened.size
    }

    deinit { close(descriptor) }

    /// By fstat(2).
    var isUnchanged: Bool { FileVersion(Files.status(of: descriptor)) == opened }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        try storing { () throws(FileFailure) in
            try Files.read(descriptor, into: buffer, at: offset, path: "a file of a run")
        }
    }

    func openDescriptor() -> CInt? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy < 0 ? nil : copy
    }
}

extension BlobVersion {
    init(_ version: FileVersion) { self.init(version.text) }

    /// The version of a folder: it changes when something is added or removed. Nil if the status is not of a folder.
    init?(folder status: stat) {
        guard status.st_mode & S_IFMT == S_IFDIR else { return nil }
        self.init(FileVersion(status))
    }
}
