internal import CLinux
internal import Glibc
internal import JSON
internal import RunMetadata

/// How far the index has read a run's `metrics.ndjson`, so that it reads on from there.
struct RowsMark: Sendable {
    /// Where the next row begins.
    private(set) var offset = 0
    /// The bytes just before, by which a file that was replaced is known.
    private(set) var anchor: [UInt8] = []
    private(set) var tail = MetricsTail()

    private static let anchorLength = 64
    private static let partLength = 1 << 20

    /// Nothing read yet.
    init() {}

    /// Reads what has come to a file since.
    mutating func read(_ descriptor: CInt) {
        if !isCurrent(descriptor) { self = RowsMark() }
        // Of a file without a name nobody knows; it is read in whole parts.
        let size = Int(clinux_named_size(descriptor))
        if size == offset { return }
        let parser = JSONParser()
        var part = [UInt8](repeating: 0, count: size < 0 ? Self.partLength : min(size - offset, Self.partLength))
        while true {
            let count = part.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            guard count > 0 else { return }
            guard let end = part[..<count].lastIndex(of: UInt8(ascii: "\n")) else {
                // A line longer than a part; else one that is still being written.
                if count == Self.partLength { readAll(descriptor) }
                return
            }
            let isClear = part.withUnsafeBytes {
                tail.read(UnsafeRawBufferPointer(rebasing: $0[...end]), parser: parser)
            }
            guard isClear else { return readAll(descriptor) }
            offset += end + 1
            anchor = Array(part[max(0, end + 1 - Self.anchorLength)...end])
        }
    }

    /// Whether the file still holds, before the offset, what was read there.
    private func isCurrent(_ descriptor: CInt) -> Bool {
        if clinux_named_size(descriptor) < Int64(offset) { return false }
        if anchor.isEmpty { return true }
        var found = [UInt8](repeating: 0, count: anchor.count)
        let count = pread(descriptor, &found, found.count, off_t(offset - anchor.count))
        return count == anchor.count && found == anchor
    }

    /// Reads the whole file, where its end alone does not tell.
    private mutating func readAll(_ descriptor: CInt) {
        let size = Int(Files.status(of: descriptor).st_size)
        guard size > 0, let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            return
        }
        defer { munmap(base, size) }
        let text = UnsafeRawBufferPointer(start: base, count: size)
        tail = MetricsFrame(rows: text).tail
        offset = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        anchor = Array(text[max(0, offset - Self.anchorLength)..<offset])
    }
}

// MARK: - Kept

extension RowsMark {
    /// The mark as it is kept: offset, anchor, tail.
    var json: [UInt8] {
        let anchor = JSONValue.array(anchor.map { .number(JSONNumber($0)) })
        return JSONWriter.compact(.array([.number(JSONNumber(offset)), anchor, tail.json]))
    }

    /// Reads what was kept; nil where it is none.
    init?(_ json: [UInt8]) {
        guard let parts = try? JSONValue.parse(json).array, parts.count == 3, let offset = parts[0].number?.int,
            let anchor = parts[1].array?.compactMap({ $0.number?.int }), let tail = MetricsTail(parts[2])
        else { return nil }
        (self.offset, self.tail) = (offset, tail)
        self.anchor = anchor.map { UInt8(truncatingIfNeeded: $0) }
    }
}
