/// A frame of the journal: one batch of writes, made durable by one sync.
///
/// On disk, little endian: magic, length of the payload, sequence number, CRC-32C of sequence number, number of writes
/// and payload, number of writes; then the payload, padded to 8 bytes. The payload is, for each write, the number of
/// its records, then the records. A frame without writes lists writes that were refused after they had been journaled,
/// as pairs of sequence number and index.
enum JournalFrame {
    static let magic: UInt32 = 0x4A52_4452
    static let headerSize = 24

    /// A write in a frame: the frame's number, and the write's index.
    struct WriteID: Hashable, Sendable {
        let sequence: UInt64
        let index: UInt32
    }

    /// The content of a frame.
    enum Content: Sendable {
        case writes([[RedoRecord]])
        case refused([WriteID])
    }

    /// Begins a frame.
    static func begin(_ buffer: inout JournalBuffer) {
        buffer.removeAll()
        buffer.append(magic)
        for _ in 0..<5 { buffer.append(UInt32(0)) }
    }

    /// Ends a frame: fills in the header and pads.
    static func end(_ buffer: inout JournalBuffer, sequence: UInt64, writes: Int) {
        let length = buffer.count - headerSize
        buffer.set(UInt32(length), at: 4)
        buffer.set(sequence, at: 8)
        buffer.set(UInt32(writes), at: 20)
        buffer.set(checksum(of: buffer.bytes, length: length), at: 16)
        while buffer.count % 8 != 0 { buffer.append(UInt8(0)) }
    }

    /// CRC-32C over sequence number, number of writes and payload.
    private static func checksum(of frame: UnsafeRawBufferPointer, length: Int) -> UInt32 {
        var checksum = CRC32C()
        checksum.add(UnsafeRawBufferPointer(rebasing: frame[8..<16]))
        checksum.add(UnsafeRawBufferPointer(rebasing: frame[20..<headerSize + length]))
        return checksum.value
    }

    /// The frame at an offset of a segment: its sequence number, its padded size, its content. Nil if there is no valid
    /// one.
    static func read(_ segment: UnsafeRawBufferPointer, at offset: Int) -> (
        sequence: UInt64, size: Int, content: Content
    )? {
        guard offset + headerSize <= segment.count else { return nil }
        let rest = UnsafeRawBufferPointer(rebasing: segment[offset...])
        var header = JournalReader(rest)
        guard header.integer(UInt32.self) == magic, let length = header.integer(UInt32.self).map(Int.init),
            let sequence = header.integer(UInt64.self), let expected = header.integer(UInt32.self),
            let writes = header.integer(UInt32.self), headerSize + length <= rest.count,
            checksum(of: rest, length: length) == expected,
            let content = content(UnsafeRawBufferPointer(rebasing: rest[headerSize..<headerSize + length]), Int(writes))
        else { return nil }
        return (sequence, (headerSize + length + 7) & ~7, content)
    }

    private static func content(_ payload: UnsafeRawBufferPointer, _ count: Int) -> Content? {
        var reader = JournalReader(payload)
        guard count > 0 else {
            var refused: [WriteID] = []
            while !reader.isAtEnd {
                guard let sequence = reader.integer(UInt64.self), let index = reader.integer(UInt32.self) else {
                    return nil
                }
                refused.append(WriteID(sequence: sequence, index: index))
            }
            return .refused(refused)
        }
        var writes: [[RedoRecord]] = []
        for _ in 0..<count {
            guard let records = reader.integer(UInt32.self) else { return nil }
            var write: [RedoRecord] = []
            for _ in 0..<records {
                guard let record = RedoRecord(from: &reader) else { return nil }
                write.append(record)
            }
            writes.append(write)
        }
        return reader.isAtEnd ? .writes(writes) : nil
    }
}
