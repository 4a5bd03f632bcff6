import Limits

@testable import HTTPServer

/// Requests as they come from a socket, whole and in pieces of the size that the first byte says. Both ways, the same
/// sound bytes go on to libmicrohttpd.
func fuzzHead(_ input: [UInt8]) {
    guard let size = input.first.map({ Int($0) + 1 }) else { return }
    let bytes = Array(input.dropFirst())
    let whole = soundBytes(of: bytes, inPiecesOf: max(1, bytes.count))
    precondition(soundBytes(of: bytes, inPiecesOf: size) == whole, "pieces make a difference")
}

/// What libmicrohttpd gets to read.
private func soundBytes(of bytes: [UInt8], inPiecesOf size: Int) -> [UInt8] {
    let reader = RequestReader(limits: ServerLimits(), isPlain: true)
    var position = 0
    var sound: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 512)
    var idle = 0
    while idle < 2 {
        let count = room.withUnsafeMutableBytes { room in
            reader.read(into: room.baseAddress!, room.count, isGivenUp: false) { buffer, most in
                let count = min(size, most, bytes.count - position)
                if count == 0 { return -11 }
                bytes.withUnsafeBytes { buffer.copyMemory(from: $0.baseAddress! + position, byteCount: count) }
                position += count
                return count
            }
        }
        if count > 0 {
            precondition(count <= room.count, "more than there is room for")
            sound += room[..<count]
            idle = 0
        } else {
            idle += position == bytes.count ? 1 : 0
        }
    }
    return sound
}
