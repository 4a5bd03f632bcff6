internal import CLinux
internal import Glibc
package import Limits
internal import Synchronization
internal import Threads

/// A file outside of all runs to which a large body is written, until it is published into a run or dropped. It can be
/// read while it is being written.
package final class StagingFile: @unchecked Sendable {
    // Sendable: `descriptor` and `version` change only in `finish()`, after which nobody reads or writes; the rest is
    // under the mutex.

    /// How much of the content was written.
    private struct Progress {
        var size = 0
        /// Whether it is complete, or no more will come.
        var hasEnded = false
        var isAbandoned = false
        var isPublished = false
    }

    /// Where the file is. For writers, which hand it to libraries and programs.
    package let path: String
    /// The name in the staging folder.
    package let name: String
    private let directory: String
    /// Whether it will be synced, so that writing to the disk may begin early.
    private let isSynced: Bool
    /// The folder of the file, unless it is the staging directory itself.
    private let folder: StagingFolder?
    /// Called when a sync fails.
    private let syncFailed: @Sendable (FileFailure) -> Void
    private var descriptor: CInt
    private var version: FileVersion?
    private let progress = Mutex(Progress())
    private let arrival = Doorbell()
    /// A share of the descriptors of all staged files; held while this one is open.
    private let share: Reserve.Share?

    package init(
        directory: String, name: String, isSynced: Bool = true, share: Reserve.Share? = nil,
        syncFailed: @escaping @Sendable (FileFailure) -> Void = { _ in }
    ) throws(FileFailure) {
        self.name = name
        self.syncFailed = syncFailed
        self.directory = directory
        self.isSynced = isSynced
        self.share = share
        folder = nil
        path = "\(directory)/\(name)"
        descriptor = try Files.open(path, O_RDWR | O_CREAT | O_EXCL)
    }

    /// A complete, synced file in a staging folder, which it keeps alive.
    package init(in folder: StagingFolder, path: String, name: String) {
        (self.folder, self.path, self.name) = (folder, path, name)
        directory = folder.path
        isSynced = true
        share = nil
        syncFailed = { _ in }
        descriptor = -1
    }

    /// A complete, synced file in the staging directory itself.
    package init(complete name: String, in directory: String) {
        (self.name, self.directory) = (name, directory)
        path = "\(directory)/\(name)"
        isSynced = true
        folder = nil
        share = nil
        syncFailed = { _ in }
        descriptor = -1
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        remove()
    }

    /// Removes the file unless it was published: now, not when its last user is done.
    package func remove() {
        let isThere = progress.withLock { progress in
            defer { progress.isPublished = true }
            return !progress.isPublished
        }
        if isThere { unlink(path) }
    }

    /// Moves the file elsewhere unless it was published (rename(2)).
    package func move(to place: String) {
        progress.withLock { progress in
            if !progress.isPublished { progress.isPublished = (try? Files.rename(path, to: place)) != nil }
        }
    }

    /// Bytes written.
    package var size: Int { progress.withLock { $0.size } }

    /// When it was last written to, seconds since 1970 (fstat(2)). Only while it is open.
    package var modified: Int { Files.status(of: descriptor).st_mtim.tv_sec }

    /// Sets the time of the last change, nanoseconds since 1970 (futimens(2)).
    package func setModified(nanoseconds: Int) throws(ScratchError) {
        let time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        if futimens(descriptor, [time, time]) != 0 { throw .failed(FileFailure("futimens", "staging/\(name)")) }
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(ScratchError) {
        let size = size
        try scratching { () throws(FileFailure) in
            try Files.write(bytes, to: descriptor, at: size, path: "staging/\(name)")
        }
        if isSynced { clinux_begin_writing(descriptor, Int64(size), Int64(bytes.count)) }
        progress.withLock { $0.size += bytes.count }
        arrival.ring()
    }

    /// Ends writing: the content is complete or abandoned.
    package func end(isAbandoned: Bool = false) {
        progress.withLock {
            $0.hasEnded = true
            $0.isAbandoned = $0.isAbandoned || isAbandoned
        }
        arrival.ring()
    }

    /// Reads at an offset; waits for bytes that have not been written yet. For one reader at a time.
    /// - Returns: the number of bytes read; 0 at the end, -1 if the content was abandoned or cannot be read
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let (available, hasEnded, isAbandoned) = progress.withLock {
                ($0.size - offset, $0.hasEnded, $0.isAbandoned)
            }
            if isAbandoned { return -1 }
            if available > 0 {
                return pread(descriptor, buffer.baseAddress, min(buffer.count, available), off_t(offset))
            }
            if hasEnded { return 0 }
            arrival.wait()
        }
    }

    /// Ends writing and syncs the content and the name (fdatasync(2), fsync(2)), so that the journal has to hold only
    /// the publication.
    /// - Returns: the file's version, which publication keeps
    @discardableResult
    package func finish() throws(ScratchError) -> FileVersion {
        guard descriptor >= 0 else { return version ?? FileVersion(Files.status(path) ?? stat()) }
        let finished = FileVersion(Files.status(of: descriptor))
        defer {
            close(descriptor)
            descriptor = -1
            share?.giveBack()
        }
        do throws(FileFailure) {
            try Files.syncContent(descriptor, path: "staging/\(name)")
            try Files.sync(directory)
        } catch {
            guard error.isSync else { throw .failed(error) }
            syncFailed(error)
            throw .unsynced(error)
        }
        version = finished
        return finished
    }

    /// The file has been renamed into a run.
    package func published() { progress.withLock { $0.isPublished = true } }
}
