internal import Limits

/// Splits a filter or an order of MLflow into tokens.
struct SearchLexer {
    enum Token: Equatable {
        /// A name, such as `metrics.loss`, `` params.`batch size` `` or `tags."a b"`: its parts joined, without the
        /// quotes.
        case name(String)
        /// A text in single or double quotes.
        case text(String)
        case number(String)
        /// A comparison, a parenthesis or a comma.
        case symbol(String)
        case end

        /// The name in upper case, if it is a keyword.
        var keyword: String? { if case .name(let name) = self { name.uppercased() } else { nil } }
    }

    private(set) var token = Token.end
    /// Where the token starts, in characters.
    private(set) var offset = 0
    private let scalars: [UnicodeScalar]
    private var position = 0
    /// Names the parameter in messages.
    private let what: String

    /// The most characters of a filter.
    static let longest = 65_536

    init(_ text: String, _ what: String) throws(MLflowError) {
        scalars = Array(text.unicodeScalars)
        self.what = what
        if scalars.count > Self.longest {
            throw .invalid("The \(what) has \(scalars.count) characters; \(Self.longest) are the most")
        }
        try advance()
    }

    mutating func advance() throws(MLflowError) {
        while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
        offset = position
        guard position < scalars.count else {
            token = .end
            return
        }
        switch scalars[position] {
        case "'": token = .text(try quoted())
        case "\"": token = .text(try quoted())
        case "<", ">", "=", "!": token = .symbol(comparison())
        case "(", ")", ",", ";":
            token = .symbol(String(scalars[position]))
            position += 1
        case let scalar where Self.isDigit(scalar) || scalar == "-" || scalar == "+" || scalar == ".":
            token = .number(number())
        case let scalar where Self.isName(scalar) || scalar == "`": token = .name(try name())
        case let scalar: throw fault("\"\(scalar)\" at character \(offset) is not understood")
        }
    }

    func fault(_ reason: String) -> MLflowError {
        let text = String(String.UnicodeScalarView(scalars))
        return .invalid("Invalid \(what) '\(text.shown(atMost: 300))': \(reason)")
    }

    private mutating func comparison() -> String {
        var text = String(scalars[position])
        position += 1
        if position < scalars.count, scalars[position] == "=" || (text == "<" && scalars[position] == ">") {
            text.unicodeScalars.append(scalars[position])
            position += 1
        }
        return text
    }

    private mutating func number() -> String {
        let start = position
        while position < scalars.count,
            Self.isDigit(scalars[position]) || "+-.eE".unicodeScalars.contains(scalars[position])
        {
            position += 1
        }
        return String(String.UnicodeScalarView(scalars[start..<position]))
    }

    private mutating func name() throws(MLflowError) -> String {
        var text = ""
        while position < scalars.count {
            let scalar = scalars[position]
            if scalar == "`" || ((scalar == "\"" || scalar == "'") && text.hasSuffix(".")) {
                text += try quoted()
            } else if Self.isName(scalar) || Self.isDigit(scalar) {
                text.unicodeScalars.append(scalar)
                position += 1
            } else {
                break
            }
        }
        return text
    }

    /// The text between quotes. Two quotes in it are one, as in SQL.
    private mutating func quoted() throws(MLflowError) -> String {
        let quote = scalars[position]
        var text = String.UnicodeScalarView()
        position += 1
        while position < scalars.count {
            if scalars[position] == quote {
                position += 1
                guard position < scalars.count, scalars[position] == quote else { return String(text) }
            }
            text.append(scalars[position])
            position += 1
        }
        throw fault("the quote at character \(offset) is not closed")
    }

    private static func isDigit(_ scalar: UnicodeScalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isName(_ scalar: UnicodeScalar) -> Bool {
        scalar.properties.isAlphabetic || "_.-:/@%".unicodeScalars.contains(scalar)
    }
}
