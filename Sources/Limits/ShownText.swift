extension StringProtocol {
    /// Untrusted text made safe for a message, a log or a terminal: one line, of bounded length, without effect.
    /// Control characters, line ends and bidirectional controls are written as escapes, such as `\x1B` and `\u{202E}`.
    /// Text beyond the limit is cut from the middle, since the end mostly says what to do.
    /// - Parameter limit: bytes of UTF-8 at most, at least 16
    package func shown(atMost limit: Int = 1024) -> String {
        var text = String(self)
        if unicodeScalars.contains(where: \.hasEffect) {
            text = ""
            for scalar in unicodeScalars {
                if scalar.hasEffect { text += scalar.escape } else { text.unicodeScalars.append(scalar) }
            }
        }
        guard text.utf8.count > limit else { return text }
        let mark = " … "
        let half = (limit - mark.utf8.count) / 2
        return text.utf8.prefix(half).wholeCharacters + mark + text.utf8.suffix(half).wholeCharacters
    }
}

extension Collection where Element: StringProtocol {
    /// The first few of many names, and how many more there are: `a, b and 7 more`.
    package func listed(atMost most: Int = 10) -> String {
        let told = prefix(most).map { $0.shown(atMost: 100) }.joined(separator: ", ")
        return count > most ? "\(told) and \(count - most) more" : told
    }
}

extension Unicode.Scalar {
    /// Whether it moves the cursor, colours a terminal or reorders the text around it.
    fileprivate var hasEffect: Bool {
        if isASCII { return value < 0x20 || value == 0x7F }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default: return properties.isBidiControl
        }
    }

    fileprivate var escape: String {
        switch self {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(value, radix: 16, uppercase: true)
            return isASCII ? "\\x" + (digits.count == 1 ? "0" : "") + digits : "\\u{\(digits)}"
        }
    }
}

extension Substring.UTF8View {
    /// The complete characters in a part of a text.
    fileprivate var wholeCharacters: String {
        var bytes = Array(self)
        while let first = bytes.first, first & 0xC0 == 0x80 { bytes.removeFirst() }
        while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
