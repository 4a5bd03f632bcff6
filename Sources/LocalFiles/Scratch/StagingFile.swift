internal import CLinux
internal import Glibc
package import Limits
internal import Synchronization
internal import Threads

/// A file outside of all runs that a large body is written to, until it is published into a run or dropped. It can be read
/// while it is still being written.
package final class StagingFile: @unchecked Sendable {
    // Sendable: `descriptor` and `version` change only in `finish()`, after which nobody reads or writes; the rest is under the mutex.

    /// How far the content has come.
    private struct Progress {
        var size = 0
        /// Whether all of it has come, or no more will.
        var hasEnded = false
        var isAbandoned = false
        var isPublished = false
    }

    /// Where the file is. For writers, which hand it to libraries and programs.
    package let path: String
    /// The name in the staging folder.
    package let name: String
    private let directory: String
    /// Whether it will be synced, so that the disk may as well begin with what there is.
    private let isSynced: Bool
    /// The folder that the file is in, if it is not in the staging folder itself.
    private let folder: StagingFolder?
    /// Told when a sync fails.
    private let syncFailed: @Sendable (FileFailure) -> Void
    private var descriptor: CInt
    private var version: FileVersion?
    private let progress = Mutex(Progress())
    private let arrival = Doorbell()
    /// Of the descriptors that all staged files may have; held while this one is open.
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

    /// A file that is complete and synced, in a staging folder, which it keeps.
    package init(in folder: StagingFolder, path: String, name: String) {
        (self.folder, self.path, self.name) = (folder, path, name)
        directory = folder.path
        isSynced = true
        share = nil
        syncFailed = { _ in }
        descriptor = -1
    }

    /// A file that is complete and synced, in the staging directory itself.
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

    /// Removes what is at the file's path, unless the file was published: here and now, not where its last user is done with it.
    package func remove() {
        let isThere = progress.withLock { progress in
            defer { progress.isPublished = true }
            return !progress.isPublished
        }
        if isThere { unlink(path) }
    }

    /// Moves what is at the file's path elsewhere, unless the file was published (rename(2)).
    package func move(to place: String) {
        progress.withLock { progress in
            if !progress.isPublished { progress.isPublished = (try? Files.rename(path, to: place)) != nil }
        }
    }

    /// Bytes written.
    package var size: Int { progress.withLock { $0.size } }

    /// When it was written to last, seconds since 1970 (fstat(2)). While it is open.
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

    /// No more will be written: the content is complete, or is abandoned.
    package func end(isAbandoned: Bool = false) {
        progress.withLock {
            $0.hasEnded = true
            $0.isAbandoned = $0.isAbandoned || isAbandoned
        }
        arrival.ring()
    }

    /// Reads at an offset, waiting for what has not come yet. For one reader at a time.
    /// - Returns: how many bytes were read; 0 at the end, -1 when the content was abandoned or cannot be read
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

    /// The content is complete: syncs it and its name (fdatasync(2), fsync(2)), so that its publication is all that the
    /// journal has to hold.
    /// - Returns: the version that it has, and keeps when it is published
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
