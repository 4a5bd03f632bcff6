internal import JSON

/// A number that JSON lacks: NaN or an infinity. The one list of their spellings.
///
/// They are read in any spelling of printf, Python, R, Julia or pandas, and written as jsonlite does.
package enum NonFinite: Sendable {
    case nan
    case infinity
    case negativeInfinity

    /// Reads a word in lower case, with or without a sign.
    init?(word: String) {
        let isNegative = word.first == "-"
        switch isNegative || word.first == "+" ? word.dropFirst() : Substring(word) {
        case "nan": self = .nan
        case "inf", "infinity": self = isNegative ? .negativeInfinity : .infinity
        default: return nil
        }
    }

    /// Nil for a finite number.
    init?(_ value: Double) {
        if value.isFinite { return nil }
        self = value.isNaN ? .nan : value < 0 ? .negativeInfinity : .infinity
    }

    /// Reads the content of `json`, without its quotes; nil for any other text.
    init?(written text: String) {
        switch text {
        case "NaN": self = .nan
        case "Inf": self = .infinity
        case "-Inf": self = .negativeInfinity
        default: return nil
        }
    }

    /// The JSON text: a string.
    var json: StaticString {
        switch self {
        case .nan: "\"NaN\""
        case .infinity: "\"Inf\""
        case .negativeInfinity: "\"-Inf\""
        }
    }

    var double: Double {
        switch self {
        case .nan: .nan
        case .infinity: .infinity
        case .negativeInfinity: -.infinity
        }
    }

    var number: JSONNumber {
        switch self {
        case .nan: .nan
        case .infinity: .infinity
        case .negativeInfinity: .negativeInfinity
        }
    }
}
