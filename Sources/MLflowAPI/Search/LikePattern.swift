/// A pattern of SQL's LIKE: `%` stands for any characters, `_` for one.
struct LikePattern: Sendable {
    private let scalars: [UnicodeScalar]
    private let ignoresCase: Bool

    init(_ text: String, ignoresCase: Bool) {
        scalars = Array((ignoresCase ? text.lowercased() : text).unicodeScalars)
        self.ignoresCase = ignoresCase
    }

    /// Whether it matches the whole text. The time is at most proportional to the product of both lengths.
    func matches(_ text: String) -> Bool {
        let text = Array((ignoresCase ? text.lowercased() : text).unicodeScalars)
        var (place, part) = (0, 0)
        // Where to continue if the text after the last `%` does not match.
        var (retry, afterAny): (Int, Int?) = (0, nil)
        while place < text.count {
            if part < scalars.count, scalars[part] == "%" {
                part += 1
                (retry, afterAny) = (place, part)
            } else if part < scalars.count, scalars[part] == "_" || scalars[part] == text[place] {
                place += 1
                part += 1
            } else if let again = afterAny {
                retry += 1
                (place, part) = (retry, again)
            } else {
                return false
            }
        }
        return scalars[part...].allSatisfy { $0 == "%" }
    }

    /// The pattern as a regular expression of RE2.
    static func expression(_ text: String) -> String {
        var expression = "(?s)^"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "%": expression += ".*"
            case "_": expression += "."
            case _ where "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar): expression += "\\\(scalar)"
            default: expression.unicodeScalars.append(scalar)
            }
        }
        return expression + "$"
    }
}
