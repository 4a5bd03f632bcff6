/// The bytes that `Range` asks for (RFC 9110 section 14.1.2).
package enum ByteRange: Equatable, Sendable {
    /// All bytes. `Range` has another unit, has several ranges, or cannot be read: all these may be ignored.
    case whole
    /// These.
    case part(Range<Int>)
    /// No requested byte exists: 416.
    case unsatisfiable

    /// Reads the value of `Range` for a content of `size` bytes.
    package init(_ value: String, size: Int) {
        self = .whole
        let unit = "bytes="
        guard value.prefix(unit.count).lowercased() == unit else { return }
        let spec = value.dropFirst(unit.count).utf8.drop { $0 == UInt8(ascii: " ") }
        let ends = spec.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else { return }
        let (first, last) = (Self.number(ends[0]), Self.number(ends[1]))
        switch (ends[0].isEmpty, first, ends[1].isEmpty, last) {
        case (true, _, false, let count?):
            self = count == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
        case (false, let first?, true, _):
            self = first >= size ? .unsatisfiable : .part(first..<size)
        case (false, let first?, false, let last?) where first <= last:
            self = first >= size ? .unsatisfiable : .part(first..<min(size, last + 1))
        default: return
        }
    }

    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        // Larger than any file.
        return Int(String(decoding: digits, as: UTF8.self)).map { min($0, Int.max - 1) } ?? Int.max - 1
    }
}
