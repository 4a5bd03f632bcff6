internal import Glibc
internal import Limits
internal import LocalFiles
internal import RunStore

/// The bytes of an archive as libarchive reads them, unpacked if the archive is a gzip.
///
/// Bytes are counted here, before libarchive sees them. Two counts are limited: all bytes that a gzip unpacks to,
/// including headers and bytes after the archive's end; and the bytes that are read to find one entry, from which
/// libarchive builds structures in memory (a zip's directory, the map of a sparse file).
final class ArchiveInput {
    /// Bytes of a tar in addition to its files: an entry's headers and padding, and the end of the tar.
    private static let (headOfEntry, endOfTar) = (4096, 1 << 20)
    /// Bytes of a usual entry in a zip's directory; the longest would take 16 times as much.
    private static let inDirectory = 256

    private enum Source {
        case gzip(GzippedArchive)
        /// A file of any other kind, and the offset of the next read.
        case plain(CInt, offset: Int, size: Int)
    }

    private var source: Source
    private let buffer: UnsafeMutableRawBufferPointer
    /// The most bytes that a gzip may unpack to.
    private let unpacked: Budget
    /// Bytes that may be read before an entry is found: headers, or the directory of a zip.
    let head: Limit
    let isCancelled: () -> Bool
    private var bytesOfHead = 0
    /// Whether bytes are being read to find an entry.
    private var isInHead = false
    /// Why reading ended early; nil if it did not.
    private(set) var end: End?

    /// Why reading ended early.
    enum End {
        case exceeded(LimitExceeded)
        case cancelled
    }

    /// Opens an archive (open(2)).
    /// - Throws: if it cannot be opened
    init(_ archive: ArchiveReader.Archive, budget: Budget, isCancelled: @escaping () -> Bool) throws {
        self.isCancelled = isCancelled
        unpacked = Self.budget(for: budget)
        let entries = budget.limit(of: .entries)
        head = Limit(
            .bytes, most: (1 << 20) + min(entries?.most ?? 100_000, 1 << 32) * Self.inDirectory,
            setting: entries?.setting)
        switch archive {
        case .arriving(let file): (source, isZip) = (.gzip(GzippedArchive(.arriving(file))), false)
        case .blob(let blob): (source, isZip) = (.gzip(GzippedArchive(.blob(blob))), false)
        case .file(let path):
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw StoreError(local: FileFailure("open", "an archive")) }
            var beginning: [UInt8] = [0, 0]
            let isLong = pread(descriptor, &beginning, 2, 0) == 2
            let isGzip = isLong && GzippedArchive.isGzip(beginning)
            isZip = isLong && beginning == Array("PK".utf8)
            source =
                isGzip
                ? .gzip(GzippedArchive(.descriptor(descriptor)))
                : .plain(descriptor, offset: 0, size: max(0, Int(lseek(descriptor, 0, SEEK_END))))
        }
        if case .gzip = source {
            buffer = .init(start: nil, count: 0)
        } else {
            buffer = .allocate(byteCount: 256 * 1024, alignment: 16)
        }
    }

    deinit {
        buffer.deallocate()
        if case .plain(let descriptor, _, _) = source { close(descriptor) }
    }

    private static func budget(for budget: Budget) -> Budget {
        guard let bytes = budget.limit(of: .bytes) else { return Budget([]) }
        let entries = min(budget.left(of: .entries) ?? 0, 1 << 32)
        let (most, isTooMuch) = bytes.most.addingReportingOverflow(entries * headOfEntry + endOfTar)
        return isTooMuch ? Budget([]) : Budget([Limit(.bytes, most: most, setting: bytes.setting)])
    }

    /// Whether it begins as a zip does.
    let isZip: Bool

    var isGzip: Bool { if case .gzip = source { true } else { false } }

    /// Whether it is a damaged gzip.
    var isDamagedGzip: Bool { if case .gzip(let gzip) = source { gzip.isDamaged } else { false } }

    /// Counts the bytes that `body` reads as bytes read to find one entry.
    func inHead<Result>(_ body: () -> Result) -> Result {
        (isInHead, bytesOfHead) = (true, 0)
        defer { isInHead = false }
        return body()
    }

    /// The next bytes, valid until the next call; empty at the end, nil on failure.
    func next() -> UnsafeRawBufferPointer? {
        guard end == nil else { return nil }
        if isCancelled() {
            end = .cancelled
            return nil
        }
        guard let part = read() else { return nil }
        do throws(LimitExceeded) {
            if isGzip { try unpacked.take(part.count, of: .bytes) }
            if isInHead {
                bytesOfHead += part.count
                if bytesOfHead > head.most { throw LimitExceeded(head) }
            }
        } catch {
            end = .exceeded(error)
            return nil
        }
        return part
    }

    private func read() -> UnsafeRawBufferPointer? {
        switch source {
        case .gzip(let gzip): return gzip.next()
        case .plain(let descriptor, let offset, let size):
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count < 0 { return nil }
            source = .plain(descriptor, offset: offset + count, size: size)
            return UnsafeRawBufferPointer(rebasing: buffer[..<count])
        }
    }

    /// Reads what follows the archive's end, so that a gzip's checksum is verified.
    /// - Returns: whether it is valid
    func drain() -> Bool {
        guard isGzip else { return true }
        while let part = next() {
            if part.isEmpty { return true }
        }
        return false
    }

    /// Skips bytes of a seekable input, at most to the end, so that truncation is noticed.
    /// - Returns: the number of skipped bytes; 0 if they have to be read
    func skip(_ count: Int) -> Int {
        guard case .plain(let descriptor, let offset, let size) = source else { return 0 }
        let skipped = max(0, min(count, size - offset))
        source = .plain(descriptor, offset: offset + skipped, size: size)
        return skipped
    }

    /// Moves to an offset of a seekable input.
    /// - Returns: the offset; nil if it is invalid or the archive is not seekable
    func seek(_ offset: Int, from origin: CInt) -> Int? {
        guard case .plain(let descriptor, let current, let size) = source else { return nil }
        let start = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? current : size
        let (place, overflows) = start.addingReportingOverflow(offset)
        guard !overflows, place >= 0 else { return nil }
        source = .plain(descriptor, offset: place, size: size)
        return place
    }
}
