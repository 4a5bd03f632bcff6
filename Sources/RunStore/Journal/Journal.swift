internal import Glibc
internal import Threads

/// The journal: what was acknowledged and may not be in the run directories yet.
///
/// The rules:
/// 1. A frame is written and synced (fdatasync(2)) before any of its steps is applied to a run directory.
/// 2. A reply goes out after both.
/// 3. The next frame is written after the sync of the one before. So a frame that is not sound, with no sound later one
///    behind it, was never acknowledged: it is cut. With one behind it, the journal was damaged: recovery refuses.
/// 4. A segment is dropped when all that its frames touched has been synced (a checkpoint), wherever it has gone since: runs
///    move, and runs adopt files. Views of which the next segment says that they lag are written anew instead.
/// 5. A sync that failed is never tried again, since the kernel may have dropped the pages: the journal takes nothing more.
/// 6. A write whose frame is durable but whose steps failed (a full disk) is taken back, and a further frame says so, before
///    any other write's. Where either is not possible, the journal takes nothing more, and recovery does the write.
/// 7. A segment is named by its first frame's number. So what is between two segments' numbers was in the first of them.
///
/// Used by the one that commits only.
final class Journal {
    /// A segment that is full: its file, and what its frames touched.
    struct Sealed: Sendable {
        let path: String
        var touched: TouchedFiles
    }

    private let directory: String
    private let segmentSize: Int
    private var descriptor: CInt = -1
    private var path = ""
    private var position = 0
    /// Bytes that the segment was given in advance.
    private var allocated = 0
    /// Bytes of the segment that have been written: frames, and zeros where the next ones will stand.
    private var filled = 0
    private(set) var nextSequence: UInt64
    /// Whether rule 5 applies, and why.
    private(set) var failure: FileFailure?
    /// What the current segment's frames touched.
    var touched = TouchedFiles()

    /// A journal that starts at a sequence number, once it is begun.
    /// - Parameters:
    ///   - directory: where the segments are; has to exist
    ///   - segmentSize: bytes that a segment is given in advance
    init(from nextSequence: UInt64, directory: String, segmentSize: Int) {
        self.directory = directory
        self.nextSequence = nextSequence
        self.segmentSize = segmentSize
    }

    /// Starts a journal at a sequence number, and begins it.
    convenience init(directory: String, nextSequence: UInt64, segmentSize: Int) throws(FileFailure) {
        self.init(from: nextSequence, directory: directory, segmentSize: segmentSize)
        try begin()
    }

    /// Begins the first segment.
    func begin() throws(FileFailure) { try openSegment() }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The current segment's number.
    private(set) var segment: UInt64 = 0

    /// Bytes in the current segment.
    var segmentLength: Int { position }

    /// Whether the current segment has no room for a frame of this length and should be sealed first.
    func isFull(for length: Int) -> Bool { position > 0 && position + length > segmentSize }

    /// Writes a frame and syncs it.
    /// - Throws: the failure; the frame is then as good as never written. After a failed sync, each time.
    func append(_ frame: UnsafeRawBufferPointer) throws(FileFailure) {
        if let failure { throw failure }
        do throws(FileFailure) {
            try Files.write(frame, to: descriptor, at: position, path: "journal")
        } catch {
            // What came through of the frame must not stand between this segment and the next (rule 3).
            ftruncate(descriptor, off_t(position))
            (allocated, filled) = (0, 0)
            throw error
        }
        fill(behind: position + frame.count)
        let begun = monotonicNanoseconds()
        if fdatasync(descriptor) != 0 {
            let failed = FileFailure("fdatasync", "journal")
            failure = failed
            throw failed
        }
        syncNanoseconds = monotonicNanoseconds() - begun
        position += frame.count
        nextSequence += 1
    }

    /// Writes zeros behind a frame that came to where nothing has been written. A file system keeps space that is allocated,
    /// and not written, apart (ext4: unwritten extents), and the sync that follows a first write has to record that it no
    /// longer is; so that is done for many frames at once. Where it fails, all is as it would be without.
    private func fill(behind end: Int) {
        guard end > filled, filled < allocated else { return }
        filled = min(max(end, filled + Self.zeros.count), allocated)
        guard filled > end else { return }
        let behind = Self.zeros.prefix(filled - end)
        if pwrite(descriptor, UnsafeRawBufferPointer(rebasing: behind).baseAddress, behind.count, off_t(end))
            != behind.count
        {
            allocated = 0
        }
    }

    /// Pages that are never written to, so that they take no memory; nor freed, so that any thread may read them.
    nonisolated(unsafe) private static let zeros = UnsafeRawBufferPointer(start: calloc(1, 256 << 10), count: 256 << 10)

    /// How long the last sync took.
    private(set) var syncNanoseconds: UInt64 = 0

    /// Removes the current segment's file, if nothing is in it. To be used no more.
    func removeIfEmpty() { if position == 0 { unlink(path) } }

    /// Takes nothing more (rule 5).
    func fail(_ failed: FileFailure) { failure = failure ?? failed }

    /// Begins a new segment and returns the one so far, with what it touched. Where that fails, the one so far stays; after a
    /// failed sync it takes nothing more (rule 5).
    func seal() throws(FileFailure) -> Sealed {
        let sealed = Sealed(path: path, touched: touched)
        let old = descriptor
        do throws(FileFailure) { try openSegment() } catch {
            if error.isSync { fail(error) }
            throw error
        }
        close(old)
        touched = TouchedFiles()
        return sealed
    }

    private func openSegment() throws(FileFailure) {
        let name = Self.segmentName(nextSequence)
        let next = "\(directory)/\(name)"
        let opened = try Files.open(next, O_RDWR | O_CREAT | O_TRUNC)
        // Room in advance saves each sync the file's metadata. Where the disk is nearly full, that room is for the runs, and
        // the segment grows as it is written.
        var allocated = 0
        if let free = DiskSpace.free(opened), free / 4 > UInt64(segmentSize),
            posix_fallocate(opened, 0, off_t(segmentSize)) == 0
        {
            allocated = segmentSize
        }
        do throws(FileFailure) {
            if fsync(opened) != 0 { throw FileFailure("fsync", "journal/\(name)") }
            try Files.sync(directory)
        } catch {
            close(opened)
            unlink(next)
            throw error
        }
        descriptor = opened
        path = next
        position = 0
        filled = 0
        self.allocated = allocated
        segment = nextSequence
    }

    /// A segment's file name: the number of its first frame, 16 hexadecimal digits, so that names sort as numbers do.
    static func segmentName(_ sequence: UInt64) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
