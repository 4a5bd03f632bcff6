/// The head of a request, checked line by line as it arrives (RFC 9112 sections 3, 5 and 6). It keeps offsets, no
/// copies.
///
/// It is strict, since libmicrohttpd (0.9.75) is not: whatever two readers could understand differently is refused. The
/// first fault in the order of the bytes counts; faults of framing come after those of the last line. So it does not
/// matter in which pieces a head arrives.
struct RequestHead {
    enum Progress {
        case unfinished
        /// Bytes of the head.
        case complete(Int)
        case refused(HTTPFault)
    }

    /// What follows the head.
    enum Body: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// The most digits of a length. (A number of 18 digits fits into 64 bits.)
    static let longestLength = 18

    private let limits: ServerLimits
    private var line = 0
    private var scan = LineScan()
    private var fieldCount = 0

    // The request line.
    private(set) var method = 0..<0
    private(set) var target = 0..<0
    private(set) var isHTTP10 = false
    /// The host and port of a target like `http://host/path` (RFC 9112 section 3.2.2).
    private(set) var authority: Range<Int>?

    // The fields that count for framing.
    private var hostCount = 0
    private var lengthCount = 0
    private var length = 0..<0
    private var chunkedCount = 0
    private var hasOtherCoding = false
    private var hasOtherExpectation = false

    /// Whether the head has to be rewritten for libmicrohttpd, which does not understand every valid head.
    private(set) var needsRewriting = false

    init(limits: ServerLimits) { self.limits = limits }

    /// Reads on. `bytes` begin with the head, and are all that have arrived.
    mutating func read(_ bytes: UnsafeRawBufferPointer) -> Progress {
        while true {
            switch scan.end(in: bytes, limit: limits.head) {
            case .unfinished: return .unfinished
            case .tooLong:
                return .refused(
                    line == 0 ? .targetTooLong(limit: limits.target) : .headTooLarge(limit: limits.head))
            case .refused(let fault): return .refused(.framing(fault))
            case .end(let end):
                do {
                    if line == 0 {
                        try readRequestLine(bytes, end)
                    } else if end > line {
                        try readField(bytes, line..<end)
                    } else {
                        return .complete(end + 2)
                    }
                } catch {
                    return .refused(error)
                }
                line = end + 2
                scan = LineScan(from: line)
            }
        }
    }

    // MARK: The request line

    private mutating func readRequestLine(_ bytes: UnsafeRawBufferPointer, _ end: Int) throws(HTTPFault) {
        if end == 0 { throw .framing(.emptyLines) }
        var index = ByteScan.tokenEnd(bytes, from: 0, to: end)
        guard index > 0, index < end, bytes[index] == UInt8(ascii: " ") else {
            throw .framing(index == end ? .requestLine : .method)
        }
        method = 0..<index
        let start = index + 1
        index = start
        while index < end, bytes[index] > 0x20 { index += 1 }
        target = start..<index
        if target.count > limits.target { throw .targetTooLong(limit: limits.target) }
        guard index < end, !target.isEmpty, bytes[index] == UInt8(ascii: " ") else { throw .framing(.requestLine) }
        try readVersion(bytes, index + 1..<end)
        try readTarget(bytes)
    }

    private mutating func readVersion(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(HTTPFault) {
        let start = range.lowerBound
        let isDigit = { (byte: UInt8) in byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        guard range.count == 8, bytes[start] == UInt8(ascii: "H"), bytes[start + 1] == UInt8(ascii: "T"),
            bytes[start + 2] == UInt8(ascii: "T"), bytes[start + 3] == UInt8(ascii: "P"),
            bytes[start + 4] == UInt8(ascii: "/"), isDigit(bytes[start + 5]), bytes[start + 6] == UInt8(ascii: "."),
            isDigit(bytes[start + 7])
        else { throw .framing(.requestLine) }
        guard bytes[start + 5] == UInt8(ascii: "1"), bytes[start + 7] <= UInt8(ascii: "1") else {
            throw .framing(.version)
        }
        isHTTP10 = bytes[start + 7] == UInt8(ascii: "0")
    }

    /// A path, `http://host/path`, and for some methods `*` or `host:port` (RFC 9112 section 3.2).
    private mutating func readTarget(_ bytes: UnsafeRawBufferPointer) throws(HTTPFault) {
        let first = bytes[target.lowerBound]
        if first == UInt8(ascii: "/") { return }
        if first == UInt8(ascii: "*"), target.count == 1, isMethod(bytes, "OPTIONS") { return }
        if isMethod(bytes, "CONNECT") { return }
        for scheme: StaticString in ["http://", "https://"] {
            let size = scheme.utf8CodeUnitCount
            guard target.count > size else { continue }
            let start = target.lowerBound + size
            guard ByteScan.equals(bytes, target.lowerBound..<start, scheme) else { continue }
            let end =
                (start..<target.upperBound)
                .first {
                    bytes[$0] == UInt8(ascii: "/") || bytes[$0] == UInt8(ascii: "?") || bytes[$0] == UInt8(ascii: "#")
                } ?? target.upperBound
            guard end > start, !bytes[start..<end].contains(UInt8(ascii: "@")) else { break }
            authority = start..<end
            needsRewriting = true
            return
        }
        throw .framing(.target)
    }

    /// Whether the method is this one; methods are case-sensitive.
    func isMethod(_ bytes: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        method.count == name.utf8CodeUnitCount && method.allSatisfy { bytes[$0] == name.utf8Start[$0] }
    }

    // MARK: Fields

    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(HTTPFault) {
        let field: FieldLine
        do { field = try FieldLine(bytes, line) } catch { throw .framing(error) }
        fieldCount += 1
        if fieldCount > limits.fields { throw .tooManyFields(limit: limits.fields) }
        // libmicrohttpd takes blanks after a value as part of it.
        if field.value.upperBound < line.upperBound { needsRewriting = true }
        switch field.name.count {
        case 4: if ByteScan.equals(bytes, field.name, "host") { hostCount += 1 }
        case 6:
            if ByteScan.equals(bytes, field.name, "expect"), !ByteScan.equals(bytes, field.value, "100-continue") {
                hasOtherExpectation = true
            }
        case 14:
            if ByteScan.equals(bytes, field.name, "content-length") {
                lengthCount += 1
                length = field.value
            }
        case 17:
            if ByteScan.equals(bytes, field.name, "transfer-encoding") { readCoding(bytes, field.value) }
        default: break
        }
    }

    /// Reads a list of codings. The server knows one of them (RFC 9112 section 6.1).
    private mutating func readCoding(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
        var start = value.lowerBound
        for end in value.lowerBound...value.upperBound
        where end == value.upperBound || bytes[end] == UInt8(ascii: ",") {
            if ByteScan.equals(bytes, ByteScan.trimmed(bytes, start..<end), "chunked") {
                chunkedCount += 1
            } else {
                hasOtherCoding = true
            }
            start = end + 1
        }
    }

    // MARK: The whole head

    /// What follows the head, once it is complete (RFC 9112 section 6.3).
    mutating func body(_ bytes: UnsafeRawBufferPointer) throws(HTTPFault) -> Body {
        if hostCount > 1 { throw .framing(.hosts) }
        if hostCount == 0, !isHTTP10 { throw .framing(.noHost) }
        let isChunked = chunkedCount > 0
        if isChunked || hasOtherCoding {
            if lengthCount > 0 { throw .framing(.lengthAndCoding) }
            if isHTTP10 { throw .framing(.codingInHTTP10) }
            if hasOtherCoding { throw .unknownTransferCoding }
            if chunkedCount > 1 { throw .framing(.repeatedCoding) }
        }
        if lengthCount > 1 { throw .framing(.lengths) }
        let announced = lengthCount == 1 ? try readLength(bytes) : 0
        if hasOtherExpectation { throw .expectationFailed }
        return isChunked ? .chunked : announced == 0 ? .none : .length(announced)
    }

    private mutating func readLength(_ bytes: UnsafeRawBufferPointer) throws(HTTPFault) -> Int {
        if length.isEmpty { throw .framing(.length) }
        guard length.allSatisfy({ bytes[$0] >= UInt8(ascii: "0") && bytes[$0] <= UInt8(ascii: "9") }) else {
            throw .framing(.length)
        }
        let digits = significantLength(bytes)
        if digits.count > Self.longestLength { throw .framing(.lengthTooLarge) }
        if length.count > Self.longestLength { needsRewriting = true }
        return digits.reduce(0) { $0 * 10 + Int(bytes[$1] - UInt8(ascii: "0")) }
    }

    /// The length's digits without leading zeros; the last digit always stays.
    private func significantLength(_ bytes: UnsafeRawBufferPointer) -> Range<Int> {
        let first = length.first { bytes[$0] != UInt8(ascii: "0") } ?? length.upperBound - 1
        return first..<length.upperBound
    }

    /// The head in a form that libmicrohttpd understands: no blanks after values, a path as its target with the
    /// target's host as `Host`, no leading zeros in a length.
    func rewritten(_ bytes: UnsafeRawBufferPointer, size: Int) -> [UInt8] {
        var result = Array(bytes[method])
        result.reserveCapacity(size + 16)
        result.append(UInt8(ascii: " "))
        if let authority {
            let path = bytes[authority.upperBound..<target.upperBound]
            if path.first != UInt8(ascii: "/") {
                result.append(isMethod(bytes, "OPTIONS") && path.isEmpty ? UInt8(ascii: "*") : UInt8(ascii: "/"))
            }
            result += path
        } else {
            result += bytes[target]
        }
        result += Array(isHTTP10 ? " HTTP/1.0\r\n".utf8 : " HTTP/1.1\r\n".utf8)
        if let authority { result += Array("Host: ".utf8) + bytes[authority] + [13, 10] }
        var start = bytes[..<size].firstIndex(of: UInt8(ascii: "\n"))! + 1
        while bytes[start] != UInt8(ascii: "\r") {
            let end = bytes[start..<size].firstIndex(of: UInt8(ascii: "\n"))! - 1
            if let field = try? FieldLine(bytes, start..<end) {
                let isHost = ByteScan.equals(bytes, field.name, "host")
                let isLength = ByteScan.equals(bytes, field.name, "content-length")
                if !isHost || authority == nil {
                    result += bytes[field.name]
                    result.append(UInt8(ascii: ":"))
                    result += bytes[isLength ? significantLength(bytes) : field.value]
                    result += [13, 10]
                }
            }
            start = end + 2
        }
        return result + [13, 10]
    }
}
