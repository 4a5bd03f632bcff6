import TestSupport
import Testing

@testable import DirectoryStore

@Suite struct JournalRecoveryTests {
    /// Three frames of different lengths, and where each ends.
    private var frames: [[UInt8]] {
        [
            JournalText.frame(4, [JournalText.write(1)]),
            JournalText.frame(5, [JournalText.write(2), JournalText.write(3)]),
            JournalText.frame(6, [JournalText.write(6)]),
        ]
    }

    private let writes = [1, 2, 3, 6].map(JournalText.write)

    /// The writes of the frames that end before a cut.
    private func expected(_ cut: Int) -> [[RedoRecord]] {
        let ends = frames.reduce(into: [0]) { $0.append($0.last! + $1.count) }.dropFirst()
        let whole = ends.count { $0 <= cut }
        return Array(writes.prefix([0, 1, 3, 4][whole]))
    }

    /// Where a cut leaves a frame whole but for its padding.
    private func isInPadding(_ cut: Int) -> Bool {
        var start = 0
        for frame in frames {
            let length = frame[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) } + JournalFrame.headerSize
            if (start + length..<start + frame.count).contains(cut) { return true }
            start += frame.count
        }
        return false
    }

    /// Rule 3: fails when a torn tail is refused, or when what is before it is lost.
    @Test func aTornTailYieldsExactlyTheFramesBefore() throws {
        let segment = Array(frames.joined())
        for cut in 0...segment.count where !isInPadding(cut) {
            let short = try JournalText.recover((4, Array(segment[..<cut])))
            #expect(short.writes == expected(cut), "cut at \(cut)")
        }
    }

    @Test func aTornTailInASegmentWithRoomInAdvanceIsCutToo() throws {
        let segment = Array(frames.joined())
        for cut in 0...segment.count where !isInPadding(cut) {
            let bytes = Array(segment[..<cut]) + Array(repeating: 0, count: 4096 - cut)
            #expect(try JournalText.recover((4, bytes)).writes == expected(cut), "cut at \(cut)")
        }
    }

    /// A frame is whole without its padding, or is cut; either will do, a trap will not.
    @Test func aCutInTheLastFramesPaddingIsNoTrap() async {
        await #expect(processExitsWith: .success) {
            for length in 0..<8 {
                let record = RedoRecord("run", .put("p", Array(repeating: 7, count: length)))
                let frame = JournalText.frame(1, [[record]])
                for cut in 1..<8 { _ = try JournalText.recover((1, Array(frame.dropLast(cut)))) }
            }
        }
    }

    @Test func theLastFrameIsCutWhereAnyByteOfItIsFlipped() throws {
        let segment = Array(frames.joined())
        let start = frames[0].count + frames[1].count
        for index in start..<segment.count where !isInPadding(index) {
            var flipped = segment
            flipped[index] ^= 0x10
            #expect(try JournalText.recover((4, flipped)).writes == Array(writes.prefix(3)), "byte \(index)")
        }
    }

    /// Rule 3: fails when recovery skips what it cannot read, or takes it for a torn tail.
    @Test func aFlippedByteBeforeASoundFrameIsDamage() throws {
        let segment = Array(frames.joined())
        for index in 0..<(frames[0].count + frames[1].count) where !isInPadding(index) {
            var flipped = segment
            flipped[index] ^= 0x10
            let damage = try #require(throws: JournalRecovery.Damage.self, "byte \(index)") {
                try JournalText.recover((4, flipped))
            }
            #expect(damage.segment == Journal.segmentName(4))
            #expect(damage.offset == (index < frames[0].count ? 0 : frames[0].count))
        }
    }

    @Test func aFrameLostBetweenTwoSegmentsIsDamage() throws {
        var torn = JournalText.frame(1, [JournalText.write(1)]) + JournalText.frame(2, [JournalText.write(2)])
        torn[torn.count - 12] ^= 1
        let next = JournalText.frame(3, [JournalText.write(3)])
        #expect(throws: JournalRecovery.Damage.self) { try JournalText.recover((1, torn), (3, next)) }
        let blank = [UInt8](repeating: 0, count: 1024)
        #expect(throws: JournalRecovery.Damage.self) { try JournalText.recover((1, torn), (3, blank)) }
    }

    /// A whole segment that is gone holds acknowledged writes as much as a frame does.
    @Test func aMissingSegmentBetweenTwoIsDamage() {
        #expect(throws: (any Error).self) {
            try JournalText.recover(
                (1, JournalText.frame(1, [JournalText.write(1)])), (3, JournalText.frame(3, [JournalText.write(3)])))
        }
    }

    /// Rule 7: fails when a segment that lost all of its frames passes for one that never had any.
    @Test func anEmptiedSegmentBeforeAnotherIsDamage() throws {
        let next = JournalText.frame(3, [JournalText.write(3)])
        for left in [[], [UInt8](repeating: 0, count: 512), Array(next.prefix(30))] {
            let damage = try #require(throws: JournalRecovery.Damage.self) {
                try JournalText.recover((1, left), (3, next))
            }
            #expect(damage.segment == Journal.segmentName(1))
        }
    }

    @Test func segmentsAreReadInOrderAndNumbersGoOn() throws {
        let recovery = try JournalText.recover(
            (0x10, JournalText.frame(0x10, [JournalText.write(2)])),
            (9, (9...15).flatMap { JournalText.frame($0, [JournalText.write(1)]) }))
        #expect(recovery.writes == Array(repeating: JournalText.write(1), count: 7) + [JournalText.write(2)])
        #expect(recovery.nextSequence == 0x11)
        #expect(recovery.segments.count == 2)
    }

    @Test func anEmptyJournalBeginsWithNumberOne() throws {
        #expect(try JournalText.recover().nextSequence == 1)
        #expect(try JournalText.recover((8, Array(repeating: 0, count: 64))).nextSequence == 8)
        #expect(try JournalText.recover((8, Array(repeating: 0, count: 64))).writes.isEmpty)
    }

    /// Rule 6: fails when recovery does writes again that were refused.
    @Test func refusedWritesAreLeftOut() throws {
        let segment = Array(frames.joined()) + JournalText.refusal(7, of: [.init(sequence: 5, index: 1)])
        let recovery = try JournalText.recover((4, segment))
        #expect(recovery.writes == [1, 2, 6].map(JournalText.write))
        #expect(recovery.nextSequence == 8)
    }

    @Test func aRefusalInALaterSegmentCounts() throws {
        let recovery = try JournalText.recover(
            (4, Array(frames.joined())), (7, JournalText.refusal(7, of: [.init(sequence: 4, index: 0)])))
        #expect(recovery.writes == [2, 3, 6].map(JournalText.write))
    }
}
