import MetadataWriters
import RunMetadata
import RunStore
import Testing

@Suite struct OutputWriterTests {
    @Test(arguments: [
        Array("a\n".utf8), Array("no end of line".utf8), Array("\n".utf8), [0xEF, 0xBB, 0xBF, 0xFF, 0x00, 0x0D],
    ])
    func bytesAreAppendedAsTheyCame(bytes: [UInt8]) throws {
        let changes = try OutputWriter().changes(from: .text(bytes), for: WriteRequest())
        guard changes.count == 1, case .append(.output, let head, let appended) = changes[0] else {
            Issue.record("\(changes)")
            return
        }
        #expect(head.isEmpty)
        #expect(appended == bytes)
    }
}
