internal import CLinux
internal import Glibc
internal import LocalFiles
internal import SystemPackage

/// The file of one segment of the journal: what is appended is on the disk when the call returns (open(2), O_DSYNC).
///
/// Where the file system can, it goes there past the page cache (O_DIRECT): one call, and less to do than for a write
/// and a sync. Such writes are whole blocks: the one in which the last frame ends is written again with the next frame,
/// its first bytes as they were, zeros behind.
///
/// Used by one thread at a time.
final class SegmentFile {
    /// What O_DIRECT asks of addresses, offsets and lengths is never more than this (open(2)); where it is, the file
    /// goes through the page cache after all.
    private static let block = 4096

    /// Bytes that are put together for one write: as much of a frame as has room before the zeros behind it.
    private static let room = 1 << 20

    /// Zeros that are written in advance, at most. A file system keeps space that is allocated, and not written, apart
    /// (ext4: unwritten extents), and a first write there has to record that it no longer is; so that is done for many
    /// frames at once.
    private static let advance = 64 << 10

    let path: String
    /// Bytes of the frames in it.
    private(set) var length = 0
    let descriptor: CInt
    private var isDirect: Bool
    /// Bytes that the file was given in advance, in whole blocks.
    private var allocated: Int
    /// Bytes that have been written: frames, and zeros where the next ones will stand.
    private var filled = 0
    /// What stands in the block that `length` is in, up to there.
    private let tail: UnsafeMutableRawPointer
    /// Where a write is put together.
    private let buffer: UnsafeMutableRawPointer

    /// Makes an empty file, on the disk with its name.
    /// - Parameters:
    ///   - size: bytes that it is given in advance
    ///   - isDirect: whether it is written past the page cache, where the file system can
    init(in directory: String, named name: String, size: Int, isDirect: Bool = true) throws(FileFailure) {
        path = "\(directory)/\(name)"
        let opened = try Files.open(path, O_RDWR | O_CREAT | O_TRUNC | O_DSYNC)
        // Room in advance saves each write the file's metadata. Where the disk is nearly full, that room is for the
        // runs, and the segment grows as it is written.
        var allocated = 0
        if let free = DiskSpace.free(opened), free / 4 > UInt64(size), posix_fallocate(opened, 0, off_t(size)) == 0 {
            allocated = size / Self.block * Self.block
        }
        do throws(FileFailure) {
            try Files.sync(opened, path: "journal/\(name)")
            try Files.sync(directory)
        } catch {
            close(opened)
            unlink(path)
            throw error
        }
        descriptor = opened
        self.isDirect = isDirect && clinux_pass_cache(opened, 1) == 0
        self.allocated = allocated
        tail = malloc(Self.block)
        buffer = aligned_alloc(Self.block, Self.room)
    }

    deinit {
        close(descriptor)
        free(tail)
        free(buffer)
    }

    /// Appends a frame.
    /// - Throws: the failure; what came through of the frame is then still there. `isSync`, unless it was for want of
    ///   room or memory: nobody knows what the disk holds
    func append(_ frame: UnsafeRawBufferPointer) throws(FileFailure) {
        var start = length / Self.block * Self.block
        var kept = length - start
        buffer.copyMemory(from: tail, byteCount: kept)
        var rest = frame[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.room - Self.advance - kept))
            rest = rest.dropFirst(part.count)
            (buffer + kept).copyMemory(from: part.baseAddress!, byteCount: part.count)
            let used = kept + part.count
            let end = self.end(ofWrite: start + used, isLast: rest.isEmpty)
            memset(buffer + used, 0, end - start - used)
            try write(UnsafeRawBufferPointer(start: buffer, count: end - start), at: start)
            filled = max(filled, end)
            // The last block's bytes come first in the next write.
            let next = (start + used) / Self.block * Self.block
            kept = start + used - next
            memmove(buffer, buffer + (next - start), kept)
            start = next
        }
        tail.copyMemory(from: buffer, byteCount: kept)
        length += frame.count
    }

    /// Cuts off what came through of a frame whose write failed. From then on the file grows as it is written.
    func cut() {
        ftruncate(descriptor, off_t(length))
        (allocated, filled) = (0, 0)
    }

    /// Where a write ends whose bytes end somewhere: with their block, or where zeros have not been written yet behind
    /// them.
    private func end(ofWrite end: Int, isLast: Bool) -> Int {
        let whole = (end + Self.block - 1) / Self.block * Self.block
        guard isLast, whole > filled, whole < allocated else { return whole }
        return min(whole + Self.advance - Self.block, allocated)
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileFailure) {
        do throws(FileFailure) {
            try Files.write(bytes, to: descriptor, at: offset, path: "journal")
        } catch {
            if error.errno == .invalidArgument, isDirect {
                // Only the write shows that the blocks are too small for this disk.
                isDirect = false
                _ = clinux_pass_cache(descriptor, 0)
                return try write(bytes, at: offset)
            }
            if error.isNoSpace || error.isShortage { throw error }
            throw FileFailure(FileFailure.syncedWrite, "journal", errno: error.errno.rawValue)
        }
    }
}
