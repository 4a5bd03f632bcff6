/// A number as its text, with all digits as sent; converted to a Double only by ``double``.
///
/// Two are equal if their texts are: `3` and `3.0` are not.
package struct JSONNumber: Hashable, Sendable {
    /// The number as JSON (RFC 8259 section 6), or `NaN`, `Inf` or `-Inf`, which is how jsonlite writes those.
    package let text: String

    /// For text known to be a JSON number.
    init(checked text: String) {
        self.text = text
    }

    /// For the text of a ``JSONToken/nonFinite`` token.
    init(nonFinite text: UnsafeRawBufferPointer) {
        switch text.first {
        case UInt8(ascii: "N"): self = .nan
        case UInt8(ascii: "-"): self = .negativeInfinity
        default: self = .infinity
        }
    }

    /// A number from its text: a JSON number, or one of `NaN`, `Inf`, `Infinity`, `-Inf`, `-Infinity`. Nil for others.
    package init?(_ text: String) {
        if let number = NonFinite(bare: text) {
            self = number.number
        } else {
            guard JSONNumberParts(text.utf8) != nil else { return nil }
            self.text = text
        }
    }

    package init(_ value: some BinaryInteger) {
        text = String(value)
    }

    /// The shortest text that reads back as `value`; whole numbers below 2^53 without `.0`, as R writes them.
    package init(_ value: Double) {
        if let number = NonFinite(value) {
            self = number.number
        } else if value.magnitude < 0x1p53, Double(Int64(value)) == value, value != 0 || value.sign == .plus {
            text = String(Int64(value))
        } else {
            text = value.description
        }
    }

    package static let nan = JSONNumber(checked: "NaN")
    package static let infinity = JSONNumber(checked: "Inf")
    package static let negativeInfinity = JSONNumber(checked: "-Inf")

    /// Whether both are exactly the same number, however they are written: `0.1` and `1e-1`. NaN equals NaN here.
    package func isSameValue(as other: JSONNumber) -> Bool {
        if text == other.text { return true }
        guard let one = JSONNumberParts(text.utf8), let two = JSONNumberParts(other.text.utf8) else { return false }
        return one == two
    }

    /// Whether it is neither NaN nor an infinity.
    package var isFinite: Bool {
        guard let last = text.utf8.last else { return false }
        return last != UInt8(ascii: "N") && last != UInt8(ascii: "f")
    }

    /// Whether a double can hold it: it is finite, and so is the nearest double, which is 0 only for zero itself.
    package var isInDoubleRange: Bool {
        guard isFinite else { return false }
        let nearest = double
        return nearest.isFinite && (nearest != 0 || JSONNumberParts(text.utf8)?.isZero == true)
    }

    /// Whether it is mathematically whole, as `3`, `3.0`, `1e3` and `1.50e1` are. False if not finite.
    package var isWhole: Bool {
        JSONNumberParts(text.utf8)?.isWhole ?? false
    }

    /// The exact value if it is whole and within Int's range; else nil.
    package var int: Int? {
        Int(text) ?? JSONNumberParts(text.utf8)?.int
    }

    /// The nearest Double: an infinity beyond its range, NaN for `NaN`.
    package var double: Double {
        Double(text) ?? .nan
    }
}

extension JSONNumber: CustomStringConvertible, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    package var description: String { text }
    package init(integerLiteral value: Int) { self.init(value) }
    package init(floatLiteral value: Double) { self.init(value) }
}
