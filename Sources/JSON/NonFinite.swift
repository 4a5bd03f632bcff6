/// A number that JSON lacks: NaN or an infinity. The one list of their spellings.
///
/// They are read in any spelling of printf, Python, R, Julia or pandas, and written as jsonlite does.
package enum NonFinite: Sendable {
    case nan
    case infinity
    case negativeInfinity

    /// Reads a word in lower case, with or without a sign. Julia's `show()` adds the size to 16 and 32 bits (`NaN32`),
    /// printf(3) may add what kind of NaN it is (`nan(ind)`).
    package init?(word: String) {
        let isNegative = word.first == "-"
        switch isNegative || word.first == "+" ? word.dropFirst() : Substring(word) {
        case "nan", "nan16", "nan32": self = .nan
        case "inf", "infinity", "inf16", "inf32": self = isNegative ? .negativeInfinity : .infinity
        case let other where other.hasPrefix("nan(") && other.hasSuffix(")"): self = .nan
        default: return nil
        }
    }

    /// Reads a word without quotes in a JSON text: those that CRapidJSON takes (`isNonfinite` in `NumberText.h`).
    init?(bare text: String) {
        switch text {
        case "NaN": self = .nan
        case "Inf", "Infinity": self = .infinity
        case "-Inf", "-Infinity": self = .negativeInfinity
        default: return nil
        }
    }

    /// Nil for a finite number.
    package init?(_ value: Double) {
        if value.isFinite { return nil }
        self = value.isNaN ? .nan : value < 0 ? .negativeInfinity : .infinity
    }

    /// Reads the content of `json`, without its quotes; nil for any other text.
    package init?(written text: String) {
        guard let number = NonFinite(bare: text), number.number.text == text else { return nil }
        self = number
    }

    /// The JSON text: a string.
    package var json: StaticString {
        switch self {
        case .nan: "\"NaN\""
        case .infinity: "\"Inf\""
        case .negativeInfinity: "\"-Inf\""
        }
    }

    package var double: Double {
        switch self {
        case .nan: .nan
        case .infinity: .infinity
        case .negativeInfinity: -.infinity
        }
    }

    package var number: JSONNumber {
        switch self {
        case .nan: .nan
        case .infinity: .infinity
        case .negativeInfinity: .negativeInfinity
        }
    }
}

extension NonFinite {
    /// A text of JSON with NaN and infinities in quotes, as jsonlite writes them, where they stand without.
    /// - Returns: nil where none does, or the text is no JSON otherwise
    package static func quoting(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let parser = JSONParser()
        return withExtendedLifetime(parser) {
            guard let tokens = try? parser.parse(text, nonFinite: .allowed) else { return nil }
            var output: [UInt8] = []
            var copied = 0
            for token in 0..<tokens.count where tokens.kind(at: token) == .nonFinite {
                guard let number = NonFinite(tokens.number(at: token).double) else { continue }
                output += text[copied..<tokens.offset(at: token)]
                number.json.withUTF8Buffer { output += $0 }
                copied = tokens.offset(at: token) + tokens.source(at: token).count
            }
            if copied == 0 { return nil }
            return output + text[copied...]
        }
    }
}
