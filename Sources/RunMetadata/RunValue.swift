package import JSON

/// A value of a column for one run, or in an expression.
package enum RunValue: Sendable, Equatable {
    /// R's NA: the run has no such column.
    case missing
    case flag(Bool)
    /// A number, possibly NaN, which compares with nothing.
    case number(Double)
    case text(String)
}

extension RunValue {
    /// The value of a column; a container counts as missing.
    package init(_ value: JSONValue?) {
        switch value {
        case .bool(let flag): self = .flag(flag)
        case .number(let number): self = .number(number.double)
        case .string(let text): self = .text(text)
        case .null, .array, .object, nil: self = .missing
        }
    }

    /// Whether R's `is.na()` is true: missing or NaN.
    package var isMissing: Bool {
        switch self {
        case .missing: true
        case .number(let number): number.isNaN
        case .flag, .text: false
        }
    }

    /// The value as a number, to compare with a number: TRUE is 1, FALSE is 0, a text is the number that it reads as,
    /// within the range of a Double.
    package var asNumber: Double? {
        switch self {
        case .missing: nil
        case .flag(let flag): flag ? 1 : 0
        case .number(let number): number
        case .text(let text): JSONNumber(text).flatMap { !$0.isFinite || $0.isInDoubleRange ? $0.double : nil }
        }
    }

    /// The value as text, to compare with text as R does.
    package var asText: String {
        switch self {
        case .missing: "NA"
        case .flag(let flag): flag ? "TRUE" : "FALSE"
        case .number(let number): JSONNumber(number).text
        case .text(let text): text
        }
    }

    /// Compares two values: -1, 0 or 1 if the first is less, equal or greater; nil if one is missing or NaN.
    ///
    /// Two texts are compared byte by byte (unlike in R, where the order depends on the locale). A text and a number
    /// are compared as numbers if the text reads as a number, since properties are stored as text; else as texts, as in
    /// R.
    package func compared(with other: RunValue) -> Int? {
        if isMissing || other.isMissing { return nil }
        switch (self, other) {
        case (.text(let one), .text(let two)): return Self.order(one, two)
        case (.text, .flag), (.flag, .text): return Self.order(asText, other.asText)
        default:
            guard let one = asNumber, let two = other.asNumber else { return Self.order(asText, other.asText) }
            if one.isNaN || two.isNaN { return nil }
            return one < two ? -1 : one > two ? 1 : 0
        }
    }

    static func order(_ one: String, _ two: String) -> Int {
        let (one, two) = (ExactText(one), ExactText(two))
        return one == two ? 0 : one < two ? -1 : 1
    }
}
