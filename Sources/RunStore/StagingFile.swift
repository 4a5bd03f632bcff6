internal import Glibc

/// A file outside of all runs that a large body is written to, until it is published into a run or dropped.
package final class StagingFile: @unchecked Sendable {
    // Sendable: used by one thread at a time; a write hands it from the worker that filled it to the one that commits.

    /// Where the file is. For writers, which hand it to libraries and programs.
    package let path: String
    /// The name in the staging folder.
    let name: String
    private let directory: String
    private var descriptor: CInt
    package private(set) var size = 0
    private var isPublished = false

    init(directory: String, name: String) throws(FileFailure) {
        self.name = name
        self.directory = directory
        path = "\(directory)/\(name)"
        descriptor = try Files.open(path, O_RDWR | O_CREAT | O_EXCL)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isPublished { unlink(path) }
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        do {
            try Files.write(bytes, to: descriptor, at: size, path: "staging/\(name)")
            size += bytes.count
        } catch { throw StoreError(error) }
    }

    /// The content is complete: syncs it and its name (fdatasync(2), fsync(2)), so that its publication is all that the journal has to hold.
    package func finish() throws(StoreError) {
        guard descriptor >= 0 else { return }
        let code = fdatasync(descriptor)
        let failure = FileFailure("fdatasync", "staging/\(name)")
        close(descriptor)
        descriptor = -1
        if code != 0 { throw StoreError(failure) }
        try storing { () throws(FileFailure) in try Files.sync(directory) }
    }

    /// The file has been renamed into a run.
    func published() { isPublished = true }
}
