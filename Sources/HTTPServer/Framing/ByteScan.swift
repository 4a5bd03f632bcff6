internal import Glibc

/// Finds bytes of some class.
enum ByteScan {
    /// Whether a byte may stand in a token: a method, a field's name (RFC 9110 section 5.6.2).
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        // Most are letters.
        if (byte | 0x20) &- UInt8(ascii: "a") < 26 { return true }
        if byte < 64 { return (0x03ff_6cfa_0000_0000 as UInt64) >> UInt64(byte) & 1 != 0 }
        if byte < 128 { return (0x57ff_ffff_c7ff_fffe as UInt64) >> UInt64(byte - 64) & 1 != 0 }
        return false
    }

    /// The first control character (below 0x20, or DEL) of `start..<end`; `end` if there is none.
    static func firstControl(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
        bytes[start..<end].firstIndex { $0 < 0x20 || $0 == 0x7f } ?? end
    }

    /// The first byte of `start..<end` that may not stand in a token; `end` if there is none.
    static func tokenEnd(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
        guard let base = bytes.baseAddress else { return end }
        var index = start
        while index < end, isToken(base.load(fromByteOffset: index, as: UInt8.self)) { index += 1 }
        return index
    }

    /// Whether `range` holds a name, compared without regard to case.
    /// - Parameter name: in lower case
    static func equals(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
        let text = (base + range.lowerBound).assumingMemoryBound(to: CChar.self)
        return name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { strncasecmp(text, $0.baseAddress!, range.count) == 0 }
        }
    }

    /// A range without the spaces and tabs at both of its ends (OWS, RFC 9110 section 5.6.3).
    static func trimmed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}

/// A line as it comes: CR LF at its end, no other control character in it but tabs (RFC 9112 section 2.2).
struct LineScan {
    enum Result {
        /// Its end has not come yet.
        case unfinished
        /// The offset of its CR.
        case end(Int)
        /// It does not end within the limit.
        case tooLong
        case refused(FramingFault)
    }

    /// Bytes that were looked at, and hold no end.
    private var seen: Int

    init(from start: Int = 0) { seen = start }

    /// Looks on. The result is the same whether the bytes come at once or one by one.
    /// - Parameter limit: the offset that the line's LF has to be before
    mutating func end(in bytes: UnsafeRawBufferPointer, limit: Int) -> Result {
        let most = min(bytes.count, limit)
        while true {
            let found = ByteScan.firstControl(bytes, from: min(seen, most), to: most)
            if found >= most {
                seen = most
                return most == limit ? .tooLong : .unfinished
            }
            switch bytes[found] {
            case UInt8(ascii: "\t"): seen = found + 1
            case UInt8(ascii: "\r"):
                if found + 2 > limit { return .tooLong }
                if found + 1 == bytes.count {
                    seen = found
                    return .unfinished
                }
                return bytes[found + 1] == UInt8(ascii: "\n") ? .end(found) : .refused(.carriageReturn)
            case UInt8(ascii: "\n"): return .refused(.lineFeed)
            default: return .refused(.control)
            }
        }
    }
}

/// A field line without its end: name, colon, value (RFC 9112 section 5). Offsets into the bytes that it was read from.
struct FieldLine {
    let name: Range<Int>
    /// Without blanks around it.
    let value: Range<Int>

    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(FramingFault) {
        if ByteScan.isBlank(bytes[line.lowerBound]) { throw .folded }
        let index = ByteScan.tokenEnd(bytes, from: line.lowerBound, to: line.upperBound)
        if index == line.upperBound { throw .noColon }
        guard bytes[index] == UInt8(ascii: ":"), index > line.lowerBound else {
            throw bytes[line].contains(UInt8(ascii: ":")) ? .fieldName : .noColon
        }
        name = line.lowerBound..<index
        value = ByteScan.trimmed(bytes, index + 1..<line.upperBound)
    }
}
