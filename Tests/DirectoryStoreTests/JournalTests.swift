import LocalFiles
import TestSupport
import Testing

@testable import DirectoryStore

@Suite struct JournalTests {
    private let folder = TemporaryFolder()

    private func append(_ journal: Journal, _ number: Int) throws {
        try JournalText.frame(journal.nextSequence, [JournalText.write(number)]).withUnsafeBytes {
            try journal.append($0)
        }
    }

    @Test func whatIsAppendedIsRecovered() throws {
        let journal = try Journal(directory: folder.path, nextSequence: 1, segmentSize: 4096)
        for number in 1...3 { try append(journal, number) }
        let recovery = try JournalRecovery(directory: folder.path)
        #expect(recovery.writes == (1...3).map(JournalText.write))
        #expect(recovery.nextSequence == 4)
        #expect(journal.nextSequence == 4)
    }

    @Test func aSegmentIsNamedByItsFirstNumberSoThatNamesSort() throws {
        #expect(Journal.segmentName(1) == "0000000000000001")
        #expect(Journal.segmentName(0xABC) == "0000000000000abc")
        #expect(Journal.segmentName(.max) == "ffffffffffffffff")
        let numbers: [UInt64] = [1, 9, 10, 15, 16, 255, 256, 1 << 40]
        #expect(numbers.map(Journal.segmentName).sorted() == numbers.map(Journal.segmentName))
    }

    @Test func aSegmentIsFullWhenTheNextFrameHasNoRoom() throws {
        let journal = try Journal(directory: folder.path, nextSequence: 1, segmentSize: 4096)
        #expect(!journal.isFull(for: 1 << 20))
        try append(journal, 1)
        #expect(!journal.isFull(for: 4096 - journal.segmentLength))
        #expect(journal.isFull(for: 4097 - journal.segmentLength))
    }

    @Test func sealingBeginsASegmentAndHandsOverWhatTheOldOneTouched() throws {
        let journal = try Journal(directory: folder.path, nextSequence: 7, segmentSize: 4096)
        try append(journal, 1)
        try append(journal, 2)
        journal.touched.insert("run", "flags.json")
        let sealed = try journal.seal()
        #expect(sealed.path == "\(folder.path)/\(Journal.segmentName(7))")
        #expect(sealed.touched.files == [TouchedFiles.File(folder: "run", path: "flags.json")])
        #expect(journal.touched.isEmpty)
        #expect(journal.segment == 9)
        #expect(journal.segmentLength == 0)
        try append(journal, 3)
        #expect(Tree.names(folder.path) == [7, 9].map(Journal.segmentName))
        let recovery = try JournalRecovery(directory: folder.path)
        #expect(recovery.writes == (1...3).map(JournalText.write))
        #expect(recovery.nextSequence == 10)
    }

    /// Rule 5: fails when a journal goes on after a failed sync.
    @Test func aJournalThatFailedTakesNothingMore() throws {
        let journal = try Journal(directory: folder.path, nextSequence: 1, segmentSize: 4096)
        let first = FileFailure("fdatasync", "journal", errno: 5)
        journal.fail(first)
        journal.fail(FileFailure("fdatasync", "journal", errno: 28))
        #expect(throws: first) { try append(journal, 1) }
        #expect(journal.failure == first)
        #expect(journal.nextSequence == 1)
        #expect(try JournalRecovery(directory: folder.path).writes.isEmpty)
    }

    @Test func aBufferKeepsWhatIsAppendedWhileItGrows() {
        var buffer = JournalBuffer()
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        buffer.append(UInt64(0x0102_0304_0506_0708))
        buffer.append(bytes)
        buffer.append("é")
        buffer.set(UInt16(0xAABB), at: 2)
        #expect(Array(buffer.bytes.prefix(8)) == [8, 7, 0xBB, 0xAA, 4, 3, 2, 1])
        #expect(Array(buffer.bytes.dropFirst(8)) == bytes + [0xC3, 0xA9])
        buffer.removeAll()
        #expect(buffer.bytes.isEmpty)
    }

    @Test func aReaderGivesNilBehindTheEnd() {
        let bytes: [UInt8] = [1, 2, 0, 65, 0xFF]
        bytes.withUnsafeBytes { bytes in
            var reader = JournalReader(bytes)
            #expect(reader.byte() == 1)
            #expect(reader.integer(UInt16.self) == 2)
            #expect(reader.integer(UInt32.self) == nil)
            #expect(reader.text(1) == "A")
            #expect(reader.text(1) == nil)
            #expect(reader.isAtEnd)
            #expect(reader.byte() == nil)
        }
    }
}

extension Journal {
    /// A journal that has begun.
    fileprivate convenience init(directory: String, nextSequence: UInt64, segmentSize: Int) throws(FileFailure) {
        self.init(from: nextSequence, directory: directory, segmentSize: segmentSize)
        try begin()
    }
}
