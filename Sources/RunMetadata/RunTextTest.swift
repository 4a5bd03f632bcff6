/// A test of a value's text, as R's functions of that name make it.
enum RunTextTest: Sendable {
    /// `grepl()`, which is never missing: what is missing does not match.
    case grepl(RunPattern)
    case startsWith(String)
    case endsWith(String)

    /// Whether a value passes; nil where R has NA.
    func passes(_ value: RunValue) -> Bool? {
        switch self {
        case .grepl(let pattern): value != .missing && pattern.matches(value.asText)
        // By bytes: R compares no characters that are written in other ways.
        case .startsWith(let prefix): value == .missing ? nil : value.asText.utf8.starts(with: prefix.utf8)
        case .endsWith(let suffix):
            value == .missing ? nil : value.asText.utf8.reversed().starts(with: suffix.utf8.reversed())
        }
    }
}
