internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// How far the index has read a run's `metrics.ndjson`, so that it continues there.
struct RowsMark: Sendable {
    /// Where the next row begins.
    private(set) var offset = 0
    /// The bytes just before, by which a replaced file is recognised.
    private(set) var anchor: [UInt8] = []
    private(set) var tail = MetricsTail()
    /// Whether rows are skipped whose effect only a frame could tell, since there are too many rows for a frame.
    private var isRough = false

    private static let anchorLength = 64
    private static let partLength = 1 << 20
    /// A longer line is not a row, and ends the reading.
    private static let longestLine = 64 << 20

    /// Nothing read yet.
    init() {}

    /// Reads what was added to a file.
    /// - Parameter status: the file's status, read before; later rows are left for the next time
    mutating func read(_ file: CInt, _ status: stat, by reader: RunReader) {
        // The size of a file without a name does not matter: it is read to its end.
        let size = status.st_nlink == 0 ? -1 : Int(status.st_size)
        if size >= 0, size < offset { self = RowsMark() }
        var partLength = Self.partLength
        while size != 0 {
            // Including the anchor, so that the same call tells whether the file is still the same.
            let start = offset - anchor.count
            let length = size < 0 ? partLength : min(size - start, partLength)
            let part = reader.memory.room(length)
            let count = pread(file, part.baseAddress, length, off_t(start))
            if count < 0 { return }
            guard count >= anchor.count, part[..<anchor.count].elementsEqual(anchor) else {
                self = RowsMark()
                continue
            }
            let text = UnsafeRawBufferPointer(rebasing: part[anchor.count..<count])
            guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else {
                // Either a line longer than a part, or one that is still being written.
                guard count == partLength, partLength < Self.longestLine else { return }
                partLength *= 2
                continue
            }
            let before = self
            guard tail.read(UnsafeRawBufferPointer(rebasing: text[...end]), parser: reader.parser, isRough: isRough)
            else {
                do throws(StoreError) { return try readAll(file) } catch {
                    // Read the next time.
                    guard case .tooLarge = error else {
                        self = before
                        return
                    }
                    self = RowsMark()
                    isRough = true
                    continue
                }
            }
            offset += end + 1
            let read = part[..<(anchor.count + end + 1)]
            anchor = Array(read.suffix(Self.anchorLength))
            if offset == size || count < length { return }
        }
    }

    /// Whether a file has the rows up to the mark, as far as its last bytes tell.
    func isIn(_ file: CInt, upTo size: Int) -> Bool {
        guard offset <= size else { return false }
        var found = [UInt8](repeating: 0, count: anchor.count)
        return pread(file, &found, anchor.count, off_t(offset - anchor.count)) == anchor.count && found == anchor
    }

    /// Reads the whole file, if its end alone does not suffice.
    private mutating func readAll(_ file: CInt) throws(StoreError) {
        let size = Int(Files.status(of: file).st_size)
        self = try WholeText.withBytes(file, size: size, of: "metrics.ndjson") { text throws(StoreError) in
            let frame = MetricsFrame(rows: text)
            if frame.isCut { throw .tooLarge("metrics.ndjson") }
            var mark = RowsMark()
            mark.tail = frame.tail
            mark.offset = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            mark.anchor = Array(text[max(0, mark.offset - Self.anchorLength)..<mark.offset])
            return mark
        }
    }
}

// MARK: - Stored form

extension RowsMark {
    /// The stored form: the offset in 8 bytes, little-endian, the anchor's length in one byte, the anchor, the tail.
    var bytes: [UInt8] {
        var bytes = withUnsafeBytes(of: offset.littleEndian) { Array($0) }
        bytes.append(UInt8(anchor.count))
        bytes += anchor
        tail.append(to: &bytes)
        return bytes
    }

    /// Reads the stored form; nil if it is malformed.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 9, case let end = 9 + Int(bytes[8]), bytes.count >= end,
            let tail = MetricsTail(bytes[end...])
        else { return nil }
        offset = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        anchor = Array(bytes[9..<end])
        self.tail = tail
        if offset < anchor.count { return nil }
    }
}
