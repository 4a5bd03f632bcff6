import Foundation
import TestSupport
import Testing

@testable import HTTPServer

/// How libmicrohttpd reads through the reader: all sound bytes in their order, and less than it asks for only where
/// there is no more.
@Suite struct RequestReaderTests {
    /// A socket's receive buffer.
    private final class Socket {
        var bytes: [UInt8]
        /// Bytes that have arrived.
        var arrived = 0
        var read = 0
        var isEnded = false
        /// The most that is read at once, as of a record of TLS; nil: all that there is.
        let record: Int?

        init(_ bytes: [UInt8], record: Int? = nil) { (self.bytes, self.record) = (bytes, record) }

        var isEmpty: Bool { read == arrived }

        func receive(_ buffer: UnsafeMutableRawPointer, _ room: Int) -> Int {
            if isEmpty { return isEnded ? 0 : -Int(EAGAIN) }
            let count = min(room, arrived - read, record ?? .max)
            bytes[read..<read + count].withUnsafeBytes { buffer.copyMemory(from: $0.baseAddress!, byteCount: count) }
            read += count
            return count
        }
    }

    /// Reads all, with bytes arriving and rooms of random sizes.
    private static func readAll(
        _ bytes: [UInt8], rooms: ClosedRange<Int>, arrivals: ClosedRange<Int>, record: Int? = nil,
        _ random: inout SeededNumbers
    ) throws -> (text: String, fault: HTTPFault?) {
        let socket = Socket(bytes, record: record)
        let reader = RequestReader(limits: ServerLimits(), isPlain: record == nil)
        var result: [UInt8] = []
        while true {
            if socket.isEmpty {
                if socket.arrived == bytes.count { socket.isEnded = true }
                socket.arrived = min(bytes.count, socket.arrived + Int.random(in: arrivals, using: &random))
            }
            let room = Int.random(in: rooms, using: &random)
            let buffer = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 1)
            defer { buffer.deallocate() }
            let count = reader.read(into: buffer, room, isGivenUp: false, from: socket.receive)
            #expect(count <= room)
            if count > 0 { result += UnsafeRawBufferPointer(start: buffer, count: count) }
            if count < room, count != 0, reader.refusal == nil, record == nil || count < 0 {
                #expect(socket.isEmpty && !reader.hasBytes, "an edge would be lost")
            }
            if count == 0 || (count < 0 && reader.refusal != nil) { break }
        }
        return (String(decoding: result, as: UTF8.self), reader.refusal)
    }

    @Test(arguments: [1...1, 1...3, 5...90, 16_000...16_000], [1...1, 1...60, 100_000...100_000])
    func soundBytesComeInOrder(rooms: ClosedRange<Int>, arrivals: ClosedRange<Int>) throws {
        var random = SeededNumbers(seed: 7)
        let body = String(repeating: "0123456789", count: 3000)
        let head = "POST /a HTTP/1.1\r\nHost: a\r\n"
        let size = String(body.utf8.count, radix: 16)
        let sent =
            "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n"
            + "\(head)Transfer-Encoding: chunked\r\n\r\n00\(size);x\r\n\(body)\r\n1\r\nz\r\n0;x\r\nT: u\r\n\r\nGET /d HTTP/1.1\r\nHost: a \r\n\r\n"
        let expected =
            "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)GET /c HTTP/1.1\r\nHost: b\r\n\r\n"
            + "\(head)Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n1\r\nz\r\n0\r\n\r\nGET /d HTTP/1.1\r\nHost:a\r\n\r\n"
        let result = try Self.readAll(Array(sent.utf8), rooms: rooms, arrivals: arrivals, &random)
        #expect(result.text == expected)
        #expect(result.fault == nil)
    }

    /// Those are read ahead, up to their end and no further.
    @Test(arguments: [1...50, 8000...8000, 1...200_000], [1...5000, 70_000...70_000, 1_000_000...1_000_000])
    func largeBodiesComeInOrderToo(rooms: ClosedRange<Int>, arrivals: ClosedRange<Int>) throws {
        for record in [nil, 16 << 10] {
            var random = SeededNumbers(seed: 3)
            var bytes: [UInt8] = []
            for size in [200_000, 65_536, 1, 131_073] {
                bytes += Array("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n".utf8)
                bytes += (0..<size).map { _ in UInt8.random(in: 32...126, using: &random) }
            }
            bytes += Array("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            for size in [100_000, 65_536, 1, 70_000] {
                let data = String(repeating: "c", count: size)
                bytes += Array("\(String(size, radix: 16))\r\n\(data)\r\n".utf8)
            }
            bytes += Array("0\r\n\r\n".utf8)
            let read = try Self.readAll(bytes, rooms: rooms, arrivals: arrivals, record: record, &random)
            #expect(read.text == String(decoding: bytes, as: UTF8.self))
            #expect(read.fault == nil)
        }
    }

    @Test(arguments: [1...1, 1...50, 16_000...16_000], [1...1, 1...60, 100_000...100_000])
    func refusedHeadIsReplacedByTheMarkerAndNothingFollows(rooms: ClosedRange<Int>, arrivals: ClosedRange<Int>) throws {
        var random = SeededNumbers(seed: 8)
        let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let result = try Self.readAll(
            Array("\(good)HEAD / HTTP/1.1\r\nHost : a\r\n\r\n\(good)".utf8), rooms: rooms, arrivals: arrivals, &random)
        #expect(result.text == "\(good)HEAD \u{1} HTTP/1.1\r\n\r\n")
        #expect(result.fault == .framing(.fieldName))
    }

    @Test func refusedChunkIsReplacedByOneThatLibmicrohttpdRefuses() throws {
        var random = SeededNumbers(seed: 9)
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
        let result = try Self.readAll(Array("\(head)1\ny\r\n0\r\n\r\n".utf8), rooms: 1...90, arrivals: 1...90, &random)
        #expect(result.text == "\(head)xx\r\n")
        #expect(result.fault == .framing(.lineFeed))
    }

    @Test func clientCannotSendTheMarker() throws {
        var random = SeededNumbers(seed: 10)
        let result = try Self.readAll(
            Array("GET \u{1} HTTP/1.1\r\nHost: a\r\n\r\n".utf8), rooms: 99...99, arrivals: 99...99, &random)
        #expect(result.fault == .framing(.control))
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func everyCaseIsReadTheSameHoweverItArrives(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        for _ in 0..<20 {
            let bytes = (0..<3).flatMap { _ in FramingCase.all.randomElement(using: &random)!.bytes }
            let whole = try Self.readAll(bytes, rooms: 100_000...100_000, arrivals: 100_000...100_000, &random)
            for record in [nil, 1, 40] {
                let split = try Self.readAll(bytes, rooms: 1...120, arrivals: 1...120, record: record, &random)
                #expect(whole.text == split.text && whole.fault == split.fault)
            }
        }
    }

    @Test func timeOfAHeadRunsFromItsFirstByte() {
        let socket = Socket(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET".utf8))
        let reader = RequestReader(limits: ServerLimits(), isPlain: true)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 1)
        defer { buffer.deallocate() }
        func read() -> Int { reader.read(into: buffer, 100, isGivenUp: false, from: socket.receive) }
        #expect(read() < 0 && reader.headBegan == nil)
        socket.arrived = 5
        #expect(read() < 0)
        let began = reader.headBegan
        #expect(began != nil)
        socket.arrived = 9
        #expect(read() < 0 && reader.headBegan == began)
        socket.arrived = 27
        #expect(read() == 27 && reader.headBegan == nil)
        socket.arrived = 30
        #expect(read() < 0)
        #expect(reader.headBegan.map { $0 > began ?? .max } == true)
    }
}
