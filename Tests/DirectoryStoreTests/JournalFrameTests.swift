internal import RunStore
import Testing

@testable import DirectoryStore

@Suite struct JournalFrameTests {
    /// As long as the system takes.
    private static let longPath =
        String(repeating: String(repeating: "p", count: 254) + "/", count: 16) + String(repeating: "p", count: 15)

    /// One record of every kind.
    static let records = [
        RedoRecord("run", .create),
        RedoRecord("run", .put("properties/é", [0, 1, 2, 255])),
        RedoRecord("run", .put("flags.json", [])),
        RedoRecord("run", .append("metrics.ndjson", offset: 1 << 40, Array("{\"a\":1}\n".utf8))),
        RedoRecord("run", .remove("properties/note")),
        RedoRecord("run", .publish("source.tar.gz", staged: "upload-1-2-3")),
        RedoRecord("run", .adopt("flags.json", from: "@default", inode: 1 << 50)),
        RedoRecord("run", .move(.initialised)),
        RedoRecord("run", .move(.archived)),
        RedoRecord("run", .move(.pending)),
        RedoRecord("@session", .delete(aside: "deleted-1")),
        RedoRecord("run", .activate(session: "default")),
        RedoRecord("", .activate(session: "default")),
        RedoRecord("run", .viewLags),
        RedoRecord("run", .adopt("/models/net.pt", from: "@default", inode: .max)),
        RedoRecord("run", .publishFolder("images", staged: "job-1/data/images", inode: 1 << 63)),
        RedoRecord(String(repeating: "r", count: 129), .put(longPath, [1])),
    ]

    @Test(arguments: records)
    func everyKindOfRecordIsReadBack(_ record: RedoRecord) {
        #expect(JournalText.read(JournalText.frame(7, [[record]])) == [[record]])
    }

    /// No server wrote such a record: fails when recovery could be led out of the runs directory by one.
    @Test(arguments: [
        RedoRecord("..", .create), RedoRecord("a/b", .create), RedoRecord("", .put("flags.json", [])),
        RedoRecord("run", .put("../../flags.json", [])), RedoRecord("run", .put("/../x", [])),
        RedoRecord("run", .append("a//b", offset: 0, [])), RedoRecord("run", .remove("/tfruns.d/../../x")),
        RedoRecord("run", .publish("a", staged: "../lock")), RedoRecord("run", .adopt("a", from: "../x", inode: 1)),
        RedoRecord("run", .publishFolder("a", staged: "/etc", inode: 1)), RedoRecord("run", .delete(aside: "../x")),
        RedoRecord("run", .activate(session: "../../x")),
    ])
    func aRecordThatLeadsElsewhereIsNone(_ record: RedoRecord) {
        #expect(JournalText.read(JournalText.frame(7, [[record]])) == nil)
    }

    @Test func writesOfManyRecordsAreReadBackInOrder() {
        let writes = [Self.records, [], [Self.records[1]], Self.records.reversed()]
        let frame = JournalText.frame(UInt64.max - 1, writes)
        #expect(JournalText.read(frame) == writes)
        frame.withUnsafeBytes { #expect(JournalFrame.read($0, at: 0)?.sequence == UInt64.max - 1) }
    }

    @Test(arguments: 0..<16)
    func aFrameOfAnyLengthTakesAMultipleOf8(_ length: Int) {
        let frame = JournalText.frame(1, [[RedoRecord("run", .put("p", Array(repeating: 7, count: length)))]])
        #expect(frame.count % 8 == 0)
        frame.withUnsafeBytes { #expect(JournalFrame.read($0, at: 0)?.size == frame.count) }
    }

    @Test func refusedWritesAreReadBack() {
        let refused = [JournalFrame.WriteID(sequence: 3, index: 0), JournalFrame.WriteID(sequence: 9, index: 70_000)]
        JournalText.refusal(10, of: refused).withUnsafeBytes { segment in
            guard case .refused(let writes)? = JournalFrame.read(segment, at: 0)?.content else {
                Issue.record("no frame of refused writes")
                return
            }
            #expect(writes == refused)
        }
    }

    /// Fails when the checksum leaves any byte out.
    @Test func anyFlippedByteIsCaught() {
        let payload = RedoRecord("run", .put("flags.json", Array("{\"a\": 1}\n".utf8)))
        let frame = JournalText.frame(5, [[payload], [RedoRecord("run", .create)]])
        let length = frame[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) } + JournalFrame.headerSize
        for index in 0..<length {
            for mask: UInt8 in [0x01, 0x80, 0xFF] {
                var flipped = frame
                flipped[index] ^= mask
                #expect(JournalText.read(flipped) == nil, "byte \(index)")
            }
        }
    }

    /// Journals of earlier servers are read: fails when the format changes.
    @Test func aFrameHasTheseBytes() {
        let frame: [UInt8] = [
            0x52, 0x44, 0x52, 0x4A, 0x36, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x86, 0x3E, 0x85, 0x94, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x03, 0x00, 0x00,
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x72, 0x75, 0x6E, 0x02,
            0x03, 0x0A, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x72,
            0x75, 0x6E, 0x66, 0x6C, 0x61, 0x67, 0x73, 0x2E, 0x6A, 0x73, 0x6F, 0x6E, 0x7B, 0x7D, 0x00, 0x00,
        ]
        let writes = [[RedoRecord("run", .create), RedoRecord("run", .put("flags.json", Array("{}".utf8)))]]
        #expect(JournalText.read(frame) == writes)
        #expect(JournalText.frame(5, writes) == frame)
    }

    @Test func bytesThatAreNoFrameAreNone() {
        #expect(JournalText.read([]) == nil)
        #expect(JournalText.read(Array(repeating: 0, count: 4096)) == nil)
        #expect(JournalText.read(Array(repeating: 0xFF, count: 4096)) == nil)
    }
}
