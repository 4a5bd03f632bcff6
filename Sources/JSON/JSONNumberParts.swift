/// A JSON number taken apart by the grammar of RFC 8259 section 6.
struct JSONNumberParts: Equatable {
    private let isNegative: Bool
    /// The significant digits: no zeros at either end; empty for zero.
    private let digits: [UInt8]
    /// The number is `digits` × 10^`exponent`.
    private let exponent: Int

    /// Nil if the text is not a JSON number.
    init?(_ text: String.UTF8View) {
        var rest = text[...]
        isNegative = Self.take("-", from: &rest)
        let whole = Self.takeDigits(from: &rest)
        guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else { return nil }
        var digits = Array(whole)
        var exponent = 0
        if Self.take(".", from: &rest) {
            let fraction = Self.takeDigits(from: &rest)
            guard !fraction.isEmpty else { return nil }
            digits += fraction
            exponent -= fraction.count
        }
        if Self.take("e", from: &rest) || Self.take("E", from: &rest) {
            let isDown = Self.take("-", from: &rest)
            if !isDown { _ = Self.take("+", from: &rest) }
            let power = Self.takeDigits(from: &rest)
            guard !power.isEmpty else { return nil }
            // Far beyond the number of digits of any text; only the sign of such an exponent matters.
            let magnitude = Int(Substring(power)) ?? Int(Int32.max) << 16
            exponent += isDown ? -min(magnitude, Int(Int32.max) << 16) : min(magnitude, Int(Int32.max) << 16)
        }
        guard rest.isEmpty else { return nil }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        self.digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        self.exponent = exponent
    }

    static func == (one: JSONNumberParts, other: JSONNumberParts) -> Bool {
        if one.digits.isEmpty { return other.digits.isEmpty }
        return one.isNegative == other.isNegative && one.digits == other.digits && one.exponent == other.exponent
    }

    var isZero: Bool { digits.isEmpty }

    var isWhole: Bool { digits.isEmpty || exponent >= 0 }

    var int: Int? {
        if digits.isEmpty { return 0 }
        // Int has 19 digits at most.
        guard exponent >= 0, digits.count + exponent <= 19 else { return nil }
        let text = (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
        return Int(text + String(repeating: "0", count: exponent))
    }

    private static func take(_ character: Unicode.Scalar, from rest: inout Substring.UTF8View) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func takeDigits(from rest: inout Substring.UTF8View) -> Substring.UTF8View {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        rest = rest[digits.endIndex...]
        return digits
    }
}
