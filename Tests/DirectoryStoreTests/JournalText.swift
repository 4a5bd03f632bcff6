import TestSupport

@testable import DirectoryStore

/// Frames and segments of tests.
enum JournalText {
    /// The bytes of a frame of writes.
    static func frame(_ sequence: UInt64, _ writes: [[RedoRecord]]) -> [UInt8] {
        var buffer = JournalBuffer()
        JournalFrame.begin(&buffer)
        for records in writes {
            buffer.append(UInt32(records.count))
            for record in records { record.encode(into: &buffer) }
        }
        JournalFrame.end(&buffer, sequence: sequence, writes: writes.count)
        return Array(buffer.bytes)
    }

    /// The bytes of a frame that refuses writes.
    static func refusal(_ sequence: UInt64, of writes: [JournalFrame.WriteID]) -> [UInt8] {
        var buffer = JournalBuffer()
        JournalFrame.begin(&buffer)
        for write in writes {
            buffer.append(write.sequence)
            buffer.append(write.index)
        }
        JournalFrame.end(&buffer, sequence: sequence, writes: 0)
        return Array(buffer.bytes)
    }

    /// A write that puts a flag.
    static func write(_ number: Int) -> [RedoRecord] {
        [RedoRecord("run", .put("flags.json", Array("{\"number\": \(String(repeating: "1", count: number))}".utf8)))]
    }

    /// The writes of the sound frame at the start of bytes; nil where there is none.
    static func read(_ bytes: [UInt8]) -> [[RedoRecord]]? {
        bytes.withUnsafeBytes { segment in
            guard case .writes(let writes)? = JournalFrame.read(segment, at: 0)?.content else { return nil }
            return writes
        }
    }

    /// What is recovered from segments, which are named by their first number.
    static func recover(_ segments: (first: UInt64, bytes: [UInt8])...) throws -> JournalRecovery {
        let folder = TemporaryFolder()
        for segment in segments {
            Tree.write(segment.bytes, "\(folder.path)/\(Journal.segmentName(segment.first))")
        }
        return try JournalRecovery(directory: folder.path)
    }
}
