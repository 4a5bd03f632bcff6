/// A test of a value's text, like R's functions of the same names.
package enum RunTextTest: Sendable {
    /// `grepl()`. Never NA: missing values do not match.
    case grepl(RunPattern)
    case startsWith(String)
    case endsWith(String)

    /// Whether a value passes; nil for R's NA.
    package func passes(_ value: RunValue) -> Bool? {
        switch self {
        case .grepl(let pattern): value != .missing && pattern.matches(value.asText)
        // Compares bytes, as R does: it does not normalise characters.
        case .startsWith(let prefix): value == .missing ? nil : value.asText.utf8.starts(with: prefix.utf8)
        case .endsWith(let suffix):
            value == .missing ? nil : value.asText.utf8.reversed().starts(with: suffix.utf8.reversed())
        }
    }
}
