internal import CISAL
internal import Glibc
internal import LocalFiles
internal import RunStore

/// The content of a gzipped archive, unpacked by ISA-L, which, unlike libarchive's own filter, verifies the checksum
/// and length at the end of each member (RFC 1952).
final class GzippedArchive {
    /// The source of the bytes.
    enum Source {
        /// An open file, which is closed on deinit.
        case descriptor(CInt)
        case blob(any Blob)
        case arriving(StagingFile)
    }

    private let source: Source
    private var offset = 0
    private let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    private let unpacked = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 16)
    /// Nil if there was no memory for it.
    private let gzip = cgunzip_make()
    private var isInMember = true
    /// Whether the last part was full, so that more output may be pending.
    private var hasMore = false
    private var hasEnded = false
    /// Whether the gzip is damaged or truncated, as far as it was read.
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

    /// Whether a file begins like a gzip.
    static func isGzip(_ beginning: some Sequence<UInt8>) -> Bool { beginning.prefix(2).elementsEqual([0x1F, 0x8B]) }

    /// The next part of the content, valid until the next call; empty at the end, nil if the gzip is damaged.
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
            // It must not end inside a member.
            isDamaged = count < 0 || isInMember
            return false
        }
        offset += count
        cgunzip_feed(gzip, packed.baseAddress, count)
        return true
    }

    /// Begins another member; or, at a tape's padding, ends the archive.
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
