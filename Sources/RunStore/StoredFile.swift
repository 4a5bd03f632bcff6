internal import Glibc

/// An open file of a run.
package struct StoredFile: Sendable {
    /// Whoever takes the file closes it.
    package let descriptor: CInt
    package let size: Int
    /// Which content it has.
    package let version: FileVersion
    /// The version of what is open: another one, if that is a copy.
    private let opened: FileVersion

    init(descriptor: CInt) { self.init(descriptor: descriptor, status: Files.status(of: descriptor)) }

    /// One whose status is known.
    init(descriptor: CInt, status: stat) {
        self.descriptor = descriptor
        size = Int(status.st_size)
        version = FileVersion(status)
        opened = version
    }

    /// A copy of a file.
    init(descriptor: CInt, copyOf version: FileVersion) {
        self.descriptor = descriptor
        size = version.size
        self.version = version
        opened = FileVersion(Files.status(of: descriptor))
    }

    /// Whether nothing has written to it since it was opened (fstat(2)).
    package var isUnchanged: Bool { FileVersion(Files.status(of: descriptor)) == opened }

    /// Reads all of it and closes it.
    package func read() throws(StoreError) -> [UInt8] {
        defer { close(descriptor) }
        do { return try Files.read(descriptor, path: "metadata") } catch { throw StoreError(error) }
    }
}
