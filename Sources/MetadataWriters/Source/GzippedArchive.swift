internal import CISAL
internal import Glibc
internal import LocalFiles
internal import RunStore

/// The content of a gzipped archive, unpacked by ISA-L, which checks what libarchive's own filter passes over: the checksum
/// and length at the end of each member (RFC 1952).
final class GzippedArchive {
    /// Where the bytes are read from.
    enum Source {
        /// An open file, which is closed with the archive.
        case descriptor(CInt)
        case blob(any Blob)
        case arriving(StagingFile)
    }

    private let source: Source
    private var offset = 0
    private let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    private let unpacked = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    /// Nil where there was no memory for it.
    private let gzip = cgunzip_make()
    private var isInMember = true
    /// Whether there may be more of what has been read than the last part had room for.
    private var hasMore = false
    private var hasEnded = false
    /// Whether the gzip was found to be damaged or cut short.
    private(set) var isDamaged = false

    init(_ source: Source) {
        self.source = source
        isDamaged = gzip == nil
    }

    deinit {
        cgunzip_free(gzip)
        packed.deallocate()
        unpacked.deallocate()
        if case .descriptor(let descriptor) = source { close(descriptor) }
    }

    /// Whether a file begins as a gzip does.
    static func isGzip(_ beginning: some Sequence<UInt8>) -> Bool { beginning.prefix(2).elementsEqual([0x1F, 0x8B]) }

    /// The next part of the content, valid until the next call; empty at the end, nil when the gzip is damaged.
    func next() -> UnsafeRawBufferPointer? {
        while !isDamaged {
            if hasEnded { return UnsafeRawBufferPointer(start: unpacked.baseAddress, count: 0) }
            if cgunzip_unread(gzip) == 0, !hasMore, !fill() { continue }
            if !isInMember, !beginMember() { continue }
            var count = 0
            switch cgunzip_step(gzip, unpacked.baseAddress, unpacked.count, &count) {
            case CGUNZIP_GOES_ON: hasMore = count == unpacked.count
            case CGUNZIP_MEMBER_ENDED: (isInMember, hasMore) = (false, false)
            default: isDamaged = true
            }
            if count > 0, !isDamaged { return UnsafeRawBufferPointer(rebasing: unpacked[..<count]) }
        }
        return nil
    }

    /// Reads what is behind the archive's own end, so that the checksum is seen.
    /// - Returns: whether the gzip is sound
    func drain() -> Bool {
        while let part = next() {
            if part.isEmpty { return true }
        }
        return false
    }

    /// Reads more; false at the end.
    private func fill() -> Bool {
        let count =
            switch source {
            case .descriptor(let descriptor): pread(descriptor, packed.baseAddress, packed.count, off_t(offset))
            case .blob(let blob): (try? blob.read(at: offset, into: packed)) ?? -1
            case .arriving(let file): file.read(at: offset, into: packed)
            }
        if count <= 0 {
            hasEnded = true
            // It must not end within a member.
            isDamaged = count < 0 || isInMember
            return false
        }
        offset += count
        cgunzip_feed(gzip, packed.baseAddress, count)
        return true
    }

    /// Another member begins, or the padding of a tape does, which ends the archive.
    private func beginMember() -> Bool {
        if cgunzip_next_byte(gzip) == 0 {
            hasEnded = true
            return false
        }
        cgunzip_next_member(gzip)
        isInMember = true
        return true
    }
}
