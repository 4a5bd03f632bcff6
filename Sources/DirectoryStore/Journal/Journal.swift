internal import Glibc
internal import LocalFiles
internal import Threads

/// The journal: acknowledged writes that may not be in the run directories yet.
///
/// The rules:
/// 1. A frame is on the disk (open(2), O_DSYNC) before any of its steps is applied to a run directory.
/// 2. A reply is sent after both.
/// 3. The next frame is written after the previous one is on the disk. So an invalid frame that no valid later one
/// follows was never acknowledged: it is cut off. If a valid one follows, the journal is damaged: recovery refuses.
/// 4. A segment is removed when everything that its frames touched is synced (a checkpoint), directories before their
/// contents, wherever they are by then: runs move, and runs adopt files. Views that the next segment says may lag are
/// written again instead.
/// 5. A failed sync is never tried again, since the kernel may have dropped the pages; nor is a failed write, unless it
/// failed for lack of room. After either, the journal accepts nothing more.
/// 6. A write whose frame is durable but whose steps failed (a full disk) is undone, and a further frame says so,
/// before any other write's frame. If either is not possible, the journal accepts nothing more, and recovery applies
/// the write.
/// 7. A segment's name is the number of its first frame. So the numbers between the names of two segments belong to the
/// first of them.
/// 8. After a power cut, all frames are replayed. If only the server ended, the last one is, as far as it was not
/// applied (`AppliedMark`): what other programs did to the files since is newer than the other frames.
///
/// Used only by the committer.
final class Journal {
    /// A full segment: its file, and what its frames touched.
    struct Sealed: Sendable {
        let path: String
        var touched: TouchedFiles
    }

    private let directory: String
    private let segmentSize: Int
    /// The current segment's file; nil before `begin()`.
    private var file: SegmentFile?
    private(set) var nextSequence: UInt64
    /// Whether rule 5 applies, and why.
    private(set) var failure: FileFailure?
    /// The files that the current segment's frames touched.
    var touched = TouchedFiles()

    /// A journal that starts at a sequence number; `begin()` begins it.
    /// - Parameters:
    ///   - directory: the directory of the segments; it must exist
    ///   - segmentSize: bytes that are allocated for a segment in advance
    init(from nextSequence: UInt64, directory: String, segmentSize: Int) {
        self.directory = directory
        self.nextSequence = nextSequence
        self.segmentSize = segmentSize
    }

    /// Begins the first segment.
    func begin() throws(FileFailure) { try openSegment() }

    /// The current segment's number.
    private(set) var segment: UInt64 = 0

    /// Bytes in the current segment.
    var segmentLength: Int { file?.length ?? 0 }

    /// Whether the current segment has no room for a frame of this length and should be sealed first.
    func isFull(for length: Int) -> Bool { segmentLength > 0 && segmentLength + length > segmentSize }

    /// Writes a frame to the disk.
    /// - Throws: the failure; the frame then counts as never written. After a failure other than lack of room, every
    ///   call throws it.
    func append(_ frame: UnsafeRawBufferPointer) throws(FileFailure) {
        if let failure { throw failure }
        guard let file else { throw FileFailure(FileFailure.syncedWrite, "journal", errno: EBADF) }
        let begun = monotonicNanoseconds()
        do throws(FileFailure) {
            try file.append(frame)
        } catch {
            if error.isSync {
                failure = error
            } else {
                // What was written of the frame must not be between this segment and the next (rule 3).
                file.cut()
            }
            throw error
        }
        syncNanoseconds = monotonicNanoseconds() - begun
        nextSequence += 1
    }

    /// How long it took to write the last frame to the disk.
    private(set) var syncNanoseconds: UInt64 = 0

    /// The current segment's file.
    var path: String? { file?.path }

    /// Watches whether the current segment's file loses its name.
    func watched(by watch: NameWatch?) -> NameWatch.Mark? { file.flatMap { watch?.add($0.descriptor) } }

    /// Removes the current segment's file if it is empty. The journal must not be used after that.
    func removeIfEmpty() {
        if let file, file.length == 0 { unlink(file.path) }
    }

    /// Makes the journal accept nothing more (rule 5).
    func fail(_ failed: FileFailure) { failure = failure ?? failed }

    /// Begins a new segment and returns the previous one, with the files it touched. On failure the previous one stays
    /// in use; after a failed sync it accepts nothing more (rule 5).
    func seal() throws(FileFailure) -> Sealed {
        let sealed = Sealed(path: file?.path ?? "", touched: touched)
        do throws(FileFailure) { try openSegment() } catch {
            if error.isSync { fail(error) }
            throw error
        }
        touched = TouchedFiles()
        return sealed
    }

    private func openSegment() throws(FileFailure) {
        file = try SegmentFile(in: directory, named: Self.segmentName(nextSequence), size: segmentSize)
        segment = nextSequence
    }

    /// A segment's file name: the number of its first frame in 16 hexadecimal digits, so that names sort like numbers.
    static func segmentName(_ sequence: UInt64) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The number of the first frame of the segment with this name; nil if it is not the name of a segment.
    static func sequence(ofSegment name: String) -> UInt64? {
        guard let sequence = UInt64(name, radix: 16), sequence <= UInt64(Int64.max), segmentName(sequence) == name
        else {
            return nil
        }
        return sequence
    }
}
