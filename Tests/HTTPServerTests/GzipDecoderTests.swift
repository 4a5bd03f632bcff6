import Foundation
import HTTPServer
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
        #expect(try GzipDecoder.decode(Self.hello, limit: 100) == Array("hello gzip\n".utf8))
        #expect(try GzipDecoder.decode(Self.empty, limit: 100) == [])
        #expect(try GzipDecoder.decode(Self.zeros, limit: 100_000) == [UInt8](repeating: 0, count: 100_000))
    }

    @Test func membersAreJoined() throws {
        let joined = try GzipDecoder.decode(Self.hello + Self.more + Self.empty, limit: 100)
        #expect(joined == Array("hello gzip\n and more\n".utf8))
    }

    @Test func whatUnpacksToMoreThanTheLimitIsRefused() throws {
        #expect(try GzipDecoder.decode(Self.hello, limit: 11).count == 11)
        #expect(throws: GzipDecoder.Failure.tooLarge(limit: 10)) { try GzipDecoder.decode(Self.hello, limit: 10) }
        #expect(throws: GzipDecoder.Failure.tooLarge(limit: 99_999)) {
            try GzipDecoder.decode(Self.zeros, limit: 99_999)
        }
        #expect(throws: GzipDecoder.Failure.tooLarge(limit: 15)) {
            try GzipDecoder.decode(Self.hello + Self.more, limit: 15)
        }
    }

    @Test func gzipThatIsCutAnywhereIsRefused() {
        for count in 0..<Self.hello.count {
            #expect(throws: GzipDecoder.Failure.invalid, "\(count) bytes") {
                try GzipDecoder.decode(Array(Self.hello.prefix(count)), limit: 100)
            }
        }
    }

    @Test func damagedGzipIsRefused() {
        for place in [12, Self.hello.count - 8, Self.hello.count - 1] {
            var damaged = Self.hello
            damaged[place] ^= 1
            #expect(throws: GzipDecoder.Failure.invalid, "byte \(place)") {
                try GzipDecoder.decode(damaged, limit: 100)
            }
        }
    }

    @Test(arguments: ["garbage", "{\"lr\":0.1}", "PK", ""])
    func whatIsNoGzipIsRefused(text: String) {
        #expect(throws: GzipDecoder.Failure.invalid) { try GzipDecoder.decode(Array(text.utf8), limit: 100) }
    }

    @Test func garbageAfterAMemberIsRefused() {
        #expect(throws: GzipDecoder.Failure.invalid) {
            try GzipDecoder.decode(Self.hello + Array("garbage".utf8), limit: 100)
        }
    }
}
