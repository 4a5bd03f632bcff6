import Glibc
import Testing

@testable import DirectoryStore

@Suite struct CRC32CTests {
    /// The examples of RFC 3720 appendix B.4, and the check value of the polynomial.
    @Test(
        arguments: [
            (Array(repeating: 0, count: 32), 0x8A91_36AA),
            (Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0...31), 0x46DD_794E),
            ((0...31).reversed(), 0x113F_DB5C),
            (
                [0x01, 0xC0] + Array(repeating: 0, count: 14) + [
                    0x14, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
                ]
                    + [0x28] + Array(repeating: 0, count: 7) + [2] + Array(repeating: 0, count: 7), 0xD996_3A56
            ),
            (Array("123456789".utf8), 0xE306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func examplesOfTheStandardHaveTheirChecksums(_ bytes: [UInt8], _ expected: UInt32) {
        #expect(checksum(of: [bytes]) == expected)
        for place in bytes.indices {
            #expect(checksum(of: [Array(bytes[..<place]), [], Array(bytes[place...])]) == expected)
        }
    }

    /// More than an `int` counts. The memory is never written, so it takes none.
    @Test func bytesBeyondAnIntAreAdded() throws {
        let size = Int(Int32.max) + 4097
        let memory = try #require(mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
        try #require(memory != MAP_FAILED)
        defer { munmap(memory, size) }
        let bytes = UnsafeRawBufferPointer(start: memory, count: size)
        var whole = CRC32C()
        whole.add(bytes)
        var pieces = CRC32C()
        for start in stride(from: 0, to: size, by: 1 << 20) {
            pieces.add(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 20, size)]))
        }
        #expect(whole.value == pieces.value)
    }

    private func checksum(of pieces: [[UInt8]]) -> UInt32 {
        var checksum = CRC32C()
        for piece in pieces { piece.withUnsafeBytes { checksum.add($0) } }
        return checksum.value
    }
}
