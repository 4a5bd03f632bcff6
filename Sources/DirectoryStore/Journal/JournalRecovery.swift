internal import Glibc
internal import LocalFiles

/// Reads the segments that a server left.
struct JournalRecovery {
    /// The journal is damaged: an acknowledged frame cannot be read. Nothing was changed.
    struct Damage: Error, CustomStringConvertible {
        let segment: String
        let offset: Int

        var description: String {
            "journal segment \(segment) is damaged at byte \(offset): no sound frame is there, but there was a later one, so "
                + "acknowledged writes would be lost. Restore the file from a backup, or move it away to give them up."
        }
    }

    /// The writes to replay, in order.
    private(set) var writes: [[RedoRecord]] = []
    /// The number of each write's frame.
    private(set) var sequences: [UInt64] = []
    /// When the last frame was written, according to its segment's time of change.
    private(set) var lastWritten = timespec()
    /// The segments read.
    private(set) var segments: [String] = []
    /// The names of other files in the directory, which are left alone: something else put them there.
    private(set) var strays: [String] = []
    /// The number after the last valid frame.
    private(set) var nextSequence: UInt64 = 1

    /// Reads all segments of a directory.
    init(directory: String) throws {
        var refused: Set<JournalFrame.WriteID> = []
        var frames: [(sequence: UInt64, writes: [[RedoRecord]])] = []
        var isCut: (segment: String, offset: Int)?
        var lastLength = 0
        for name in try Files.names(in: directory).sorted() {
            let path = "\(directory)/\(name)"
            guard let first = Journal.sequence(ofSegment: name), let bytes = try Files.read(path) else {
                strays.append(name)
                continue
            }
            // Rule 7: if this number does not follow the previous segment, frames are missing there.
            if let last = segments.last, first != nextSequence {
                let isCutName = isCut?.segment ?? String(last.dropFirst(directory.utf8.count + 1))
                throw Damage(segment: isCutName, offset: isCut?.offset ?? lastLength)
            }
            if segments.isEmpty { nextSequence = first }
            segments.append(path)
            try bytes.withUnsafeBytes { segment in
                var offset = 0
                while let frame = JournalFrame.read(segment, at: offset) {
                    // Rule 3: a valid frame after a cut means damage.
                    if let isCut { throw Damage(segment: isCut.segment, offset: isCut.offset) }
                    // So does a gap in the numbers: the frames between are lost.
                    if frame.sequence != nextSequence { throw Damage(segment: name, offset: offset) }
                    switch frame.content {
                    case .writes(let writes): frames.append((frame.sequence, writes))
                    case .refused(let writes): refused.formUnion(writes)
                    }
                    nextSequence = frame.sequence + 1
                    offset += frame.size
                }
                if offset > 0, let status = Files.status(path) { lastWritten = status.st_mtim }
                lastLength = offset
                guard !Self.isBlank(segment, from: offset) else { return }
                if Self.hasSoundFrame(segment, after: offset, from: nextSequence) {
                    throw Damage(segment: name, offset: offset)
                }
                isCut = isCut ?? (name, offset)
            }
        }
        for frame in frames {
            for (index, records) in frame.writes.enumerated()
            where !refused.contains(JournalFrame.WriteID(sequence: frame.sequence, index: UInt32(index))) {
                writes.append(records)
                sequences.append(frame.sequence)
            }
        }
    }

    private static func isBlank(_ segment: UnsafeRawBufferPointer, from offset: Int) -> Bool {
        guard offset < segment.count else { return true }
        let rest = UnsafeRawBufferPointer(rebasing: segment[offset...])
        guard let base = rest.baseAddress, let first = rest.first else { return true }
        // All bytes are equal if the text equals itself shifted by one.
        return first == 0 && memcmp(base, base + 1, rest.count - 1) == 0
    }

    /// Whether a valid frame with this number or a later one follows an offset. Frames start at multiples of 8.
    private static func hasSoundFrame(_ segment: UnsafeRawBufferPointer, after start: Int, from sequence: UInt64)
        -> Bool
    {
        var offset = start + 8
        while offset + JournalFrame.headerSize <= segment.count {
            if segment.loadUnaligned(fromByteOffset: offset, as: UInt32.self) == JournalFrame.magic.littleEndian,
                let frame = JournalFrame.read(segment, at: offset), frame.sequence >= sequence
            {
                return true
            }
            offset += 8
        }
        return false
    }
}
