internal import CLinux
internal import Glibc
internal import LocalFiles
internal import SystemPackage

/// The file of one segment of the journal: appended bytes are on the disk when the call returns (open(2), O_DSYNC).
///
/// If the file system supports it, the page cache is bypassed (O_DIRECT): one call, and less work than a write and a
/// sync. Such writes are whole blocks: the block in which the last frame ends is written again with the next frame, its
/// first bytes unchanged, followed by zeros.
///
/// Used by one thread at a time.
final class SegmentFile {
    /// The alignment that O_DIRECT requires of addresses, offsets and lengths is at most this (open(2)); if it is more,
    /// the file is written through the page cache.
    private static let block = 4096

    /// Bytes that are composed for one write: as much of a frame as fits before the zeros.
    private static let room = 1 << 20

    /// The most zeros that are written in advance. A file system marks allocated space as not written (ext4: unwritten
    /// extents), and a first write there has to change the mark; so that is done for many frames at once.
    private static let advance = 64 << 10

    let path: String
    /// Bytes of the frames in it.
    private(set) var length = 0
    let descriptor: CInt
    private var isDirect: Bool
    /// Bytes that are allocated for the file, in whole blocks.
    private var allocated: Int
    /// Bytes that have been written: frames, and zeros at the places of the next ones.
    private var filled = 0
    /// The content of the block that `length` is in, up to there.
    private let tail: UnsafeMutableRawPointer
    /// The memory in which a write is composed.
    private let buffer: UnsafeMutableRawPointer

    /// Makes an empty file; it and its name are on the disk.
    /// - Parameters:
    ///   - size: bytes to allocate in advance
    ///   - isDirect: whether to bypass the page cache, if the file system supports it
    init(in directory: String, named name: String, size: Int, isDirect: Bool = true) throws(FileFailure) {
        path = "\(directory)/\(name)"
        let opened = try Files.open(path, O_RDWR | O_CREAT | O_TRUNC | O_DSYNC)
        // Allocated space saves each write a change of the file's metadata. If the disk is nearly full, that space is
        // left to the runs, and the segment grows as it is written.
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
    /// - Throws: the failure; a part of the frame may have been written. With `isSync`, unless the cause was lack of
    ///   room or memory, nobody knows what the disk holds
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

    /// Cuts off what was written of a failed frame. From then on the file grows as it is written.
    func cut() {
        ftruncate(descriptor, off_t(length))
        (allocated, filled) = (0, 0)
    }

    /// The end of a write whose bytes end at `end`: the end of their block, or further if zeros have not been written
    /// there yet.
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
