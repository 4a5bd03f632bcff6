import TestSupport
import Testing

@testable import HTTPServer

/// Where requests begin and end, without a socket.
@Suite struct RequestFramingTests {
    /// What libmicrohttpd would be told, and why the reading ended.
    private struct Result: Equatable {
        var bytes: [UInt8] = []
        var fault: HTTPFault?
        var heads = 0

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Feeds bytes in pieces of these sizes, again and again.
    private static func feed(_ bytes: [UInt8], pieces: [Int]) -> Result {
        var framing = RequestFraming(limits: ServerLimits())
        var result = Result()
        var (start, end, round) = (0, 0, 0)
        while end < bytes.count {
            end = min(end + pieces[round % pieces.count], bytes.count)
            round += 1
            loop: while start < end {
                let step = bytes[start..<end].withUnsafeBytes { framing.next($0) }
                switch step {
                case .pass(let count):
                    result.bytes += bytes[start..<start + count]
                    start += count
                case .replace(let count, let replacement):
                    result.bytes += replacement
                    start += count
                case .more: break loop
                case .refuse(let fault):
                    result.fault = fault
                    result.heads = framing.headCount
                    return result
                }
            }
        }
        result.heads = framing.headCount
        return result
    }

    private static func feed(_ text: String, pieces: [Int] = [1 << 20]) -> Result {
        feed(Array(text.utf8), pieces: pieces)
    }

    @Test func soundRequestGoesOnAsItIs() {
        let text =
            "POST /a?b=c HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX:\ty z\r\n\r\nbody\0GET /b HTTP/1.0\r\n\r\n"
        let result = Self.feed(text)
        #expect(result.text == text && result.fault == nil && result.heads == 2)
    }

    @Test(arguments: [
        ("GET http://b:7/p?q HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n", "GET /p?q HTTP/1.1\r\nHost: b:7\r\nX:y\r\n\r\n"),
        ("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("GET http://b?q HTTP/1.0\r\n\r\n", "GET /?q HTTP/1.0\r\nHost: b\r\n\r\n"),
        ("OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n"),
        ("GET / HTTP/1.1\r\nHost: a \r\nX: y\t\r\n\r\n", "GET / HTTP/1.1\r\nHost:a\r\nX:y\r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000000000000003\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost:a\r\nContent-Length:3\r\n\r\nabc"
        ),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ])
    func validHeadIsWrittenAsLibmicrohttpdUnderstandsIt(text: String, expected: String) {
        for pieces in [[1 << 20], [1], [3, 5]] {
            let result = Self.feed(text, pieces: pieces)
            #expect(result.text == expected && result.fault == nil)
        }
    }

    @Test func chunksGoOnWithoutExtensionsAndTrailers() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let result = Self.feed(head + "003;a=b\r\nabc\r\n1\r\nd\r\n00 ;c\r\nX: y\r\nZ: 1\r\n\r\nGET / HTTP/1.0\r\n\r\n")
        #expect(result.text == head + "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n" && result.heads == 2)
    }

    @Test(arguments: [
        ("GET /\r\n\r\n", FramingFault.requestLine), (" / HTTP/1.1\r\n", .method), ("GET / HTTP/1.2\r\n", .version),
        ("GET x HTTP/1.1\r\n", .target), ("\r\n\r\n", .emptyLines), ("GET / HTTP/1.1\n", .lineFeed),
        ("GET / HTTP/1.1\rX", .carriageReturn), ("\0", .control), ("GET / HTTP/1.1\r\n X: y\r\n", .folded),
        ("GET / HTTP/1.1\r\nX y\r\n", .noColon), ("GET / HTTP/1.1\r\nX : y\r\n", .fieldName),
        ("GET / HTTP/1.1\r\n: y\r\n", .fieldName), ("GET / HTTP/1.1\r\n\r\n", .noHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hosts),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", .lengths),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", .length),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", .lengthTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .lengthAndCoding),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .repeatedCoding),
        ("GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", .codingInHTTP10),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x\r\n", .chunkSize),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", .chunkTooLarge),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy", .chunkEnd),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "e", count: 1024),
            .chunkLine
        ),
    ])
    func faultIsNamed(text: String, fault: FramingFault) {
        for pieces in [[1 << 20], [1], [2, 7]] {
            #expect(Self.feed(text + "GET /hidden HTTP/1.1\r\n", pieces: pieces).fault == .framing(fault), "\(pieces)")
        }
    }

    @Test func everyFaultHasAStatusOfItsOwn() {
        for fault in FramingFault.allCases { #expect([400, 413, 505].contains(fault.status)) }
    }

    @Test func nothingDependsOnThePieces() {
        for framing in FramingCase.all {
            let whole = Self.feed(framing.bytes, pieces: [1 << 20])
            if framing.statuses == [200] { #expect(whole.fault == nil, "\(framing.name)") }
            for pieces in [[1], [2], [3, 1, 4, 1, 5], [64], [7, 500]] {
                #expect(Self.feed(framing.bytes, pieces: pieces) == whole, "\(framing.name)")
            }
        }
    }

    /// Valid streams and broken ones, split at random.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func randomBytesAreJudgedTheSameHoweverTheyAreSplit(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<25 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes += FramingCase.all.randomElement(using: &random)!.bytes
            }
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = [0, 9, 10, 13, 32, 58, 48, 127, 255].randomElement(using: &random)!
            }
            let whole = Self.feed(bytes, pieces: [1 << 20])
            let pieces = (0..<9).map { _ in Int.random(in: 1...40, using: &random) }
            #expect(Self.feed(bytes, pieces: pieces) == whole)
            #expect(Self.feed(bytes, pieces: [1]) == whole)
        }
    }
}
