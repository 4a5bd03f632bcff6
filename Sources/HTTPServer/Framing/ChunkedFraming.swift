/// A chunked body (RFC 9112 section 7.1), checked as it arrives. Extensions and trailer fields are dropped.
struct ChunkedFraming {
    /// The longest line with a chunk's size and its extensions, bytes.
    static let longestLine = 1024
    /// The most digits of a size. (A number of 15 fits into 63 bits.)
    private static let longestSize = 15

    private enum Part {
        case size
        case data(left: Int)
        case dataEnd
        case trailer
    }

    private let limits: ServerLimits
    private var part = Part.size
    private var scan = LineScan()
    /// Bytes and fields of the trailer so far.
    private var trailerSize = 0, trailerFields = 0
    /// Whether the last chunk and the trailer have arrived.
    private(set) var isComplete = false

    init(limits: ServerLimits) { self.limits = limits }

    /// Bytes left of a chunk's data.
    var dataLeft: Int { if case .data(let left) = part { left } else { 0 } }

    /// Decides about the first of these bytes. There has to be at least one.
    mutating func next(_ bytes: UnsafeRawBufferPointer) -> RequestFraming.Step {
        switch part {
        case .size: return size(bytes)
        case .data(let left):
            let count = min(left, bytes.count)
            part = count == left ? .dataEnd : .data(left: left - count)
            return .pass(count)
        case .dataEnd:
            if bytes[0] != UInt8(ascii: "\r") { return .refuse(.framing(.chunkEnd)) }
            if bytes.count == 1 { return .more }
            if bytes[1] != UInt8(ascii: "\n") { return .refuse(.framing(.chunkEnd)) }
            part = .size
            return .pass(2)
        case .trailer: return trailer(bytes)
        }
    }

    private mutating func size(_ bytes: UnsafeRawBufferPointer) -> RequestFraming.Step {
        let end: Int
        switch scan.end(in: bytes, limit: Self.longestLine) {
        case .unfinished: return .more
        case .tooLong: return .refuse(.framing(.chunkLine))
        case .refused(let fault): return .refuse(.framing(fault))
        case .end(let found): end = found
        }
        scan = LineScan()
        var index = 0
        while index < end, Self.digit(bytes[index]) != nil { index += 1 }
        let digits = 0..<index
        while index < end, ByteScan.isBlank(bytes[index]) { index += 1 }
        // Blanks are allowed before an extension (BWS), not before the line's end.
        guard !digits.isEmpty, digits.upperBound == end || (index < end && bytes[index] == UInt8(ascii: ";")) else {
            return .refuse(.framing(.chunkSize))
        }
        let significant = digits.drop { bytes[$0] == UInt8(ascii: "0") }
        if significant.count > Self.longestSize { return .refuse(.framing(.chunkTooLarge)) }
        let size = significant.reduce(0) { $0 << 4 | (Self.digit(bytes[$1]) ?? 0) }
        if size == 0 {
            // libmicrohttpd gets the last chunk with the end of the trailer, since the trailer may be refused.
            part = .trailer
            return .replace(end + 2, with: [])
        }
        part = .data(left: size)
        if significant.count == end { return .pass(end + 2) }
        return .replace(end + 2, with: Array(bytes[significant]) + [13, 10])
    }

    private mutating func trailer(_ bytes: UnsafeRawBufferPointer) -> RequestFraming.Step {
        let end: Int
        switch scan.end(in: bytes, limit: limits.head - trailerSize) {
        case .unfinished: return .more
        case .tooLong: return .refuse(.headTooLarge(limit: limits.head))
        case .refused(let fault): return .refuse(.framing(fault))
        case .end(let found): end = found
        }
        scan = LineScan()
        if end == 0 {
            isComplete = true
            return .replace(2, with: Array("0\r\n\r\n".utf8))
        }
        do { _ = try FieldLine(bytes, 0..<end) } catch { return .refuse(.framing(error)) }
        trailerSize += end + 2
        trailerFields += 1
        if trailerFields > limits.fields { return .refuse(.tooManyFields(limit: limits.fields)) }
        return .replace(end + 2, with: [])
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
