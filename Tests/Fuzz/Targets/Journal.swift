import TestSupport

@testable import DirectoryStore

/// A segment of the journal, as it is and as the payload of a frame with a sound checksum, and recovery of a folder
/// that holds it.
func fuzzJournal(_ input: [UInt8]) {
    let folder = FuzzFolder.shared
    for segment in [input, frame(around: input)] {
        segment.withUnsafeBytes { bytes in
            var offset = 0
            while let frame = JournalFrame.read(bytes, at: offset) {
                precondition(frame.size > 0, "a frame of no size")
                offset += frame.size
            }
        }
        folder.write(segment, as: Journal.segmentName(1))
        _ = try? JournalRecovery(directory: folder.path)
    }
}

/// The first byte is the number of writes.
private func frame(around payload: [UInt8]) -> [UInt8] {
    var buffer = JournalBuffer()
    JournalFrame.begin(&buffer)
    for byte in payload.dropFirst() { buffer.append(byte) }
    JournalFrame.end(&buffer, sequence: 1, writes: Int(payload.first ?? 0))
    return Array(buffer.bytes)
}
