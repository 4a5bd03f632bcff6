import Glibc
import LocalFiles
import TestSupport
import Testing

@testable import DirectoryStore

/// What stands in a segment's file after frames of all lengths, whatever blocks they end in.
@Suite struct SegmentFileTests {
    private let folder = TemporaryFolder()

    private func frame(_ number: Int, length: Int) -> [UInt8] {
        (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) | 1 }
    }

    private func append(_ frame: [UInt8], to file: SegmentFile) throws(FileFailure) {
        var failure: FileFailure?
        frame.withUnsafeBytes { bytes in
            do throws(FileFailure) { try file.append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Whether the file has these bytes, and zeros to the end.
    private func stands(_ bytes: [UInt8], in file: SegmentFile) throws -> Bool {
        guard let found = try Files.read(file.path), found.count >= bytes.count else { return false }
        let zeros = [UInt8](repeating: 0, count: found.count - bytes.count)
        return (bytes + zeros).withUnsafeBytes { memcmp($0.baseAddress!, found, found.count) == 0 }
    }

    /// Frames shorter than a block, as long as one, longer than what is put together for one write.
    @Test(
        "Frames stand one behind the other, zeros behind the last", arguments: [0, 4096, 100_000, 2 << 20],
        [true, false])
    func framesStandOneBehindTheOther(size: Int, isDirect: Bool) throws {
        let file = try SegmentFile(in: folder.path, named: "segment", size: size, isDirect: isDirect)
        var expected: [UInt8] = []
        for (number, length) in [1, 150, 3945, 4096, 4095, 1, 70_000, 1_200_000, 17].enumerated() {
            let frame = frame(number, length: length)
            try append(frame, to: file)
            expected += frame
            #expect(file.length == expected.count)
            #expect(try stands(expected, in: file))
        }
    }

    /// Fails when what is put together of a frame takes the place of what stands in the block where it begins.
    @Test(
        "A frame that has no room leaves those before it, and the next one takes its place",
        .enabled(if: SmallDisk.canBeMade, "needs the right to mount a tmpfs"), arguments: [true, false])
    func aFrameThatHasNoRoomLeavesThoseBefore(isDirect: Bool) throws {
        let disk = try SmallDisk(bytes: 2 << 20)
        let file = try SegmentFile(in: disk.path, named: "segment", size: 0, isDirect: isDirect)
        let (first, second) = (frame(1, length: 5000), frame(3, length: 300))
        try append(first, to: file)
        // Most of it is written before there is no room.
        let failure = #expect(throws: FileFailure.self) { try append(frame(2, length: 3_000_000), to: file) }
        #expect(failure?.isNoSpace == true)
        #expect(failure?.isSync == false)
        file.cut()
        #expect(file.length == first.count)
        #expect(Files.status(file.path)?.st_size == 5000)
        try append(second, to: file)
        #expect(try stands(first + second, in: file))
    }

    @Test("After a failure for another reason than want of room, nobody knows what the disk holds")
    func aFailureForAnotherReasonIsThatOfASync() throws {
        let file = try SegmentFile(in: folder.path, named: "segment", size: 8192)
        Descriptors.redirect(file.path, to: Descriptors.broken) {
            let failure = #expect(throws: FileFailure.self) { try append(frame(1, length: 10), to: file) }
            #expect(failure?.isSync == true)
            #expect(failure?.description == "synced write journal: Input/output error")
        }
    }
}
