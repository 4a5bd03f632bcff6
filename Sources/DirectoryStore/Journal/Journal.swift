internal import Glibc
internal import LocalFiles
internal import Threads

/// The journal: what was acknowledged and may not be in the run directories yet.
///
/// The rules:
/// 1. A frame is on the disk (open(2), O_DSYNC) before any of its steps is applied to a run directory.
/// 2. A reply goes out after both.
/// 3. The next frame is written after the one before is on the disk. So a frame that is not sound, with no sound later
///    one behind it, was never acknowledged: it is cut. With one behind it, the journal was damaged: recovery refuses.
/// 4. A segment is dropped when all that its frames touched has been synced (a checkpoint), directories before what is
///    in them, wherever it has gone since: runs move, and runs adopt files. Views of which the next segment says that
///    they lag are written anew instead.
/// 5. A sync that failed is never tried again, since the kernel may have dropped the pages, and neither is a write that
///    failed but for want of room: the journal takes nothing more.
/// 6. A write whose frame is durable but whose steps failed (a full disk) is taken back, and a further frame says so,
///    before any other write's. Where either is not possible, the journal takes nothing more, and recovery does the
///    write.
/// 7. A segment is named by its first frame's number. So what is between two segments' numbers was in the first of
///    them.
/// 8. After a power cut, all frames are done again. Where the server alone ended, the last one is, as far as it was not
///    done (`AppliedMark`): what something else has made of the files since is newer than the others.
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
    /// The current segment's file; nil until it is begun.
    private var file: SegmentFile?
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

    /// Begins the first segment.
    func begin() throws(FileFailure) { try openSegment() }

    /// The current segment's number.
    private(set) var segment: UInt64 = 0

    /// Bytes in the current segment.
    var segmentLength: Int { file?.length ?? 0 }

    /// Whether the current segment has no room for a frame of this length and should be sealed first.
    func isFull(for length: Int) -> Bool { segmentLength > 0 && segmentLength + length > segmentSize }

    /// Writes a frame to the disk.
    /// - Throws: the failure; the frame is then as good as never written. After one for another reason than want of
    ///   room, each time
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
                // What came through of the frame must not stand between this segment and the next (rule 3).
                file.cut()
            }
            throw error
        }
        syncNanoseconds = monotonicNanoseconds() - begun
        nextSequence += 1
    }

    /// How long the last frame took to be on the disk.
    private(set) var syncNanoseconds: UInt64 = 0

    /// The current segment's file.
    var path: String? { file?.path }

    /// Lets a watch tell when the current segment's file loses its name.
    func watched(by watch: NameWatch?) -> NameWatch.Mark? { file.flatMap { watch?.add($0.descriptor) } }

    /// Removes the current segment's file, if nothing is in it. To be used no more.
    func removeIfEmpty() {
        if let file, file.length == 0 { unlink(file.path) }
    }

    /// Takes nothing more (rule 5).
    func fail(_ failed: FileFailure) { failure = failure ?? failed }

    /// Begins a new segment and returns the one so far, with what it touched. Where that fails, the one so far stays;
    /// after a failed sync it takes nothing more (rule 5).
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

    /// A segment's file name: the number of its first frame, 16 hexadecimal digits, so that names sort as numbers do.
    static func segmentName(_ sequence: UInt64) -> String {
        let digits = String(sequence, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The number of the first frame of a segment of this name; nil where no segment has such a name.
    static func sequence(ofSegment name: String) -> UInt64? {
        guard let sequence = UInt64(name, radix: 16), sequence <= UInt64(Int64.max), segmentName(sequence) == name
        else {
            return nil
        }
        return sequence
    }
}
