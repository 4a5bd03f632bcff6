package import JSON

/// What a metric may be: a number, not a number, or missing.
///
/// Not a number is a value, not a mistake: `NaN` and the infinities come bare, as Python and R write them, or quoted, and
/// are written as jsonlite does (`"NaN"`, `"Inf"`, `"-Inf"`). `null` and `"NA"` are missing.
package enum MetricValue {
    /// The JSON text of a metric: a number as it was sent, a quoted non-finite number, or `null`.
    /// - Returns: nil when the token is no metric
    package static func text(of token: Int, in tokens: JSONTokens) -> MetricText? {
        switch tokens.kind(at: token) {
        case .number: .sent(tokens.text(at: token))
        case .nonFinite, .string: named(tokens.text(at: token))
        case .null: .missing
        default: nil
        }
    }

    /// The metric that a text names: `NA`, `NaN`, `Inf`, `Infinity` or either with a minus sign.
    package static func named(_ text: UnsafeRawBufferPointer) -> MetricText? {
        guard text.count <= 9 else { return nil }
        return switch String(decoding: text, as: UTF8.self) {
        case "NA": .missing
        case "NaN": .literal("\"NaN\"")
        case "Inf", "Infinity": .literal("\"Inf\"")
        case "-Inf", "-Infinity": .literal("\"-Inf\"")
        default: nil
        }
    }
}

/// The JSON text of one metric.
package enum MetricText {
    case sent(UnsafeRawBufferPointer)
    case literal(StaticString)
    case missing

    /// Appends the text.
    package func append(to output: inout [UInt8]) {
        switch self {
        case .sent(let text): output.append(contentsOf: text)
        case .literal(let text):
            text.withUTF8Buffer { output.append(contentsOf: $0) }
        case .missing:
            output.append(contentsOf: [UInt8(ascii: "n"), UInt8(ascii: "u"), UInt8(ascii: "l"), UInt8(ascii: "l")])
        }
    }
}
