import Foundation
import HTTPServer
import Limits
import TestSupport
import Testing

@Suite struct GzipDecoderTests {
    /// `hello gzip` and a newline.
    private static let hello = bytes("H4sIAAAAAAACA8tIzcnJV0ivyizgAgA5fGNWCwAAAA==")
    /// ` and more` and a newline.
    private static let more = bytes("H4sIAAAAAAACA1NIzEtRyM0vSuUCAGO/NvcKAAAA")
    /// Nothing.
    private static let empty = bytes("H4sIAAAAAAACAwMAAAAAAAAAAAA=")
    /// 100000 zero bytes.
    private static let zeros = bytes(
        "H4sIAAAAAAACA+3BMQEAAADCoPVPbQ0PoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIBXA32VEdSghgEA")

    private static func bytes(_ base64: String) -> [UInt8] { Data(base64Encoded: base64).map { Array($0) } ?? [] }

    @Test func soundGzipIsUnpacked() throws {
        #expect(try GzipDecoder.decode(Self.hello, budget: .bytes(100)) == Array("hello gzip\n".utf8))
        #expect(try GzipDecoder.decode(Self.empty, budget: .bytes(100)) == [])
        #expect(try GzipDecoder.decode(Self.zeros, budget: .bytes(100_000)) == [UInt8](repeating: 0, count: 100_000))
    }

    @Test func membersAreJoined() throws {
        let joined = try GzipDecoder.decode(Self.hello + Self.more + Self.empty, budget: .bytes(100))
        #expect(joined == Array("hello gzip\n and more\n".utf8))
    }

    @Test func whatUnpacksToMoreThanTheLimitIsRefused() throws {
        #expect(try GzipDecoder.decode(Self.hello, budget: .bytes(11)).count == 11)
        #expect(throws: LimitExceeded(Limit(.bytes, most: 10))) {
            try GzipDecoder.decode(Self.hello, budget: .bytes(10))
        }
        #expect(throws: LimitExceeded(Limit(.bytes, most: 99_999))) {
            try GzipDecoder.decode(Self.zeros, budget: .bytes(99_999))
        }
        #expect(throws: LimitExceeded(Limit(.bytes, most: 15))) {
            try GzipDecoder.decode(Self.hello + Self.more, budget: .bytes(15))
        }
    }

    @Test func gzipThatIsCutAnywhereIsRefused() {
        for count in 0..<Self.hello.count {
            #expect(throws: GzipDecoder.Failure.invalid, "\(count) bytes") {
                try GzipDecoder.decode(Array(Self.hello.prefix(count)), budget: .bytes(100))
            }
        }
    }

    @Test func damagedGzipIsRefused() {
        for place in [12, Self.hello.count - 8, Self.hello.count - 1] {
            var damaged = Self.hello
            damaged[place] ^= 1
            #expect(throws: GzipDecoder.Failure.invalid, "byte \(place)") {
                try GzipDecoder.decode(damaged, budget: .bytes(100))
            }
        }
    }

    @Test(arguments: ["garbage", "{\"lr\":0.1}", "PK", ""])
    func whatIsNoGzipIsRefused(text: String) {
        #expect(throws: GzipDecoder.Failure.invalid) { try GzipDecoder.decode(Array(text.utf8), budget: .bytes(100)) }
    }

    @Test func garbageAfterAMemberIsRefused() {
        #expect(throws: GzipDecoder.Failure.invalid) {
            try GzipDecoder.decode(Self.hello + Array("garbage".utf8), budget: .bytes(100))
        }
    }

    /// Text that packs well and noise that does not, by gzip(1), in members that meet wherever the pieces do.
    @Test(arguments: [1, 7, 1000, 65_536, 1 << 20])
    func aLongGzipMayComeInPiecesOfAnySize(piece: Int) throws {
        let folder = TemporaryFolder()
        var numbers = SystemRandomNumberGenerator()
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let parts = [pattern(70_000), noise, [], Array("the end".utf8)]
        let packed = try parts.flatMap { part in
            try Data(part).write(to: URL(fileURLWithPath: "\(folder.path)/part"))
            return try Command.succeed("gzip", "-c", "\(folder.path)/part")
        }
        let stream = try GzipStream(budget: .bytes(1 << 20))
        var unpacked: [UInt8] = []
        try packed.withUnsafeBytes { packed in
            for start in stride(from: 0, to: packed.count, by: piece) {
                try stream.take(UnsafeRawBufferPointer(rebasing: packed[start..<min(start + piece, packed.count)])) {
                    unpacked.append(contentsOf: $0)
                }
            }
        }
        try stream.finish()
        #expect(isSame(unpacked, parts.flatMap { $0 }))
    }

    /// Whatever bit is wrong: what comes out is what went in, or a failure.
    @Test func aWrongBitIsNeverTakenForContent() throws {
        let folder = TemporaryFolder()
        let content = pattern(5000)
        try Data(content).write(to: URL(fileURLWithPath: "\(folder.path)/content"))
        let packed = try Command.succeed("gzip", "-c", "\(folder.path)/content")
        var refused = 0
        for bit in 0..<packed.count * 8 {
            var damaged = packed
            damaged[bit / 8] ^= 1 << (bit % 8)
            do {
                #expect(try GzipDecoder.decode(damaged, budget: .bytes(1 << 20)) == content, "bit \(bit)")
            } catch is GzipDecoder.Failure { refused += 1 }
        }
        #expect(refused > packed.count * 6)
    }
}

extension Budget {
    /// A budget of bytes alone.
    fileprivate static func bytes(_ most: Int) -> Budget { Budget([Limit(.bytes, most: most)]) }
}
