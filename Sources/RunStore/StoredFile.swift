internal import Glibc

/// An open file of a run.
package struct StoredFile: Sendable {
    /// Whoever takes the file closes it.
    package let descriptor: CInt
    package let size: Int

    init(descriptor: CInt) {
        self.descriptor = descriptor
        size = Int(Files.status(of: descriptor).st_size)
    }

    /// Reads all of it and closes it.
    package func read() throws(StoreError) -> [UInt8] {
        defer { close(descriptor) }
        do { return try Files.read(descriptor, path: "metadata") } catch { throw StoreError(error) }
    }
}
