internal import JSON
internal import Limits

/// Splits a `where` expression into tokens, by R's syntax.
struct RunQueryLexer {
    enum Token: Equatable {
        case name(String)
        /// A name in backticks: always a column.
        case quotedName(String)
        case text(String)
        case number(Double)
        /// An operator, a parenthesis or a comma.
        case symbol(String)
        case end
    }

    /// The next token.
    private(set) var token = Token.end
    /// Where it starts, in bytes.
    private(set) var offset = 0
    private let bytes: [UInt8]
    private var position = 0

    private static let symbols = [
        "%in%", "<=", ">=", "==", "!=", "&&", "||", "<", ">", "&", "|", "!", "(", ")", ",", "-", "+", "=",
    ]

    init(_ text: String) throws(RunQueryFault) {
        bytes = Array(text.utf8)
        try advance()
    }

    /// Reads the next token.
    mutating func advance() throws(RunQueryFault) {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        offset = position
        guard position < bytes.count else {
            token = .end
            return
        }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): token = .text(try quoted())
        case UInt8(ascii: "`"):
            let name = try quoted()
            if name.isEmpty { throw RunQueryFault("where", at: offset, "where: the name at byte \(offset) is empty") }
            token = .quotedName(name)
        case let byte where Self.isDigit(byte) || (byte == UInt8(ascii: ".") && Self.isDigit(peek(1))):
            token = .number(try number())
        case let byte where Self.startsName(byte): token = .name(name())
        default: token = .symbol(try symbol())
        }
    }

    private func peek(_ distance: Int) -> UInt8 {
        position + distance < bytes.count ? bytes[position + distance] : 0
    }

    private mutating func symbol() throws(RunQueryFault) -> String {
        for symbol in Self.symbols where bytes[position...].starts(with: symbol.utf8) {
            position += symbol.utf8.count
            return symbol
        }
        let found = String(decoding: bytes[position...].prefix(4), as: UTF8.self).prefix(1)
        throw RunQueryFault(
            "where", at: offset,
            "where: \"\(found)\" at byte \(offset) is not understood; put names with such characters in backticks, texts in quotes"
        )
    }

    /// A name: letters, digits, "." and "_", with a letter or "." first; non-ASCII characters count as letters.
    private mutating func name() -> String {
        let start = position
        while position < bytes.count,
            Self.startsName(bytes[position]) || Self.isDigit(bytes[position])
                || bytes[position] == UInt8(ascii: "_")
        {
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// A number as R writes it: `1`, `.5`, `1e-3`, `5L`.
    private mutating func number() throws(RunQueryFault) -> Double {
        let start = position
        func skipDigits() { while position < bytes.count, Self.isDigit(bytes[position]) { position += 1 } }
        skipDigits()
        if peek(0) == UInt8(ascii: ".") {
            position += 1
            skipDigits()
        }
        if peek(0) | 0x20 == UInt8(ascii: "e") {
            position += 1
            if peek(0) == UInt8(ascii: "-") || peek(0) == UInt8(ascii: "+") { position += 1 }
            skipDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if peek(0) == UInt8(ascii: "L") { position += 1 }
        let goesOn =
            position < bytes.count && (Self.startsName(bytes[position]) || bytes[position] == UInt8(ascii: "_"))
        guard let value = Double(text), !goesOn else {
            throw RunQueryFault(
                "where", at: start,
                "where: \"\(text.shown(atMost: 100))\" at byte \(start) is not a number; "
                    + "put a column name that starts with a digit in backticks")
        }
        return value
    }

    /// The text between quotes, with R's escapes. In backticks, two backticks are one, as in lists of columns.
    private mutating func quoted() throws(RunQueryFault) -> String {
        let quote = bytes[position]
        var content: [UInt8] = []
        position += 1
        while position < bytes.count {
            if bytes[position] == quote {
                guard quote == UInt8(ascii: "`"), peek(1) == quote else { break }
                position += 1
                content.append(quote)
            } else if bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count {
                position += 1
                switch bytes[position] {
                case UInt8(ascii: "n"): content.append(0x0A)
                case UInt8(ascii: "t"): content.append(0x09)
                case UInt8(ascii: "r"): content.append(0x0D)
                case let byte
                where Self.isDigit(byte) || (byte < 0x80 && byte != UInt8(ascii: ".") && Self.startsName(byte)):
                    // An error, as in R: "\d" has to be written "\\d".
                    let escape = "\\" + String(UnicodeScalar(byte))
                    throw RunQueryFault(
                        "where", at: position - 1,
                        "where: \"\(escape)\" at byte \(position - 1) is not an escape; write a backslash as \"\\\\\"")
                case let byte: content.append(byte)
                }
            } else {
                content.append(bytes[position])
            }
            position += 1
        }
        guard position < bytes.count else {
            throw RunQueryFault(
                "where", at: offset,
                "where: the quote at byte \(offset) is not closed; put a \\ before a quote inside a text")
        }
        position += 1
        return String(decoding: content, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func startsName(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: ".")
            || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }
}
