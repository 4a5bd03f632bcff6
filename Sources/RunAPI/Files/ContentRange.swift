/// Which bytes of a file a body has (RFC 9110 section 14.4; for PUT section 14.5).
enum ContentRange: Equatable, Sendable {
    /// These bytes of a file of `total`.
    case part(Range<Int>, total: Int)
    /// No bytes: asks how many of `total` were received.
    case question(total: Int)

    /// Reads the field's value; nil if it is malformed or has no total.
    init?(_ value: String) {
        let parts = value.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let halves = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, let total = Self.number(halves[1]), total > 0 else { return nil }
        if halves[0] == "*" {
            self = .question(total: total)
            return
        }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < total
        else { return nil }
        self = .part(first..<last + 1, total: total)
    }

    private static func number(_ digits: Substring) -> Int? {
        guard (1...18).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return Int(digits)
    }
}
