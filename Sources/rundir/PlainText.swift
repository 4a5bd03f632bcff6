/// Text that others may have chosen, made fit for a terminal or a line of a log.
extension String {
    /// The text in one line and without effect on a terminal: control characters, ends of lines and what turns the direction
    /// of writing are written as escapes, such as `\x1B` and `\u{202E}`. What goes beyond the limit is cut from the middle.
    /// - Parameter limit: bytes at most, or nil
    func plain(limit: Int? = nil) -> String {
        var text = self
        if unicodeScalars.contains(where: Self.hasEffect) {
            text = ""
            for scalar in unicodeScalars {
                if Self.hasEffect(scalar) { text += Self.escape(scalar) } else { text.unicodeScalars.append(scalar) }
            }
        }
        guard let limit, text.utf8.count > limit else { return text }
        let note = " … "
        let half = (limit - note.utf8.count) / 2
        // Repaired where it is cut within a character; then it is as long as before at most.
        let (head, tail) = (Self.whole(text.utf8.prefix(half)), Self.whole(text.utf8.suffix(half)))
        return head + note + tail
    }

    private static func hasEffect(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        default: return scalar.properties.isBidiControl
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return scalar.isASCII ? "\\x" + (digits.count == 1 ? "0" : "") + digits : "\\u{\(digits)}"
        }
    }

    /// The characters that are whole in a part of a text.
    private static func whole(_ part: Substring.UTF8View) -> String {
        var bytes = Array(part)
        while let first = bytes.first, first & 0xC0 == 0x80 { bytes.removeFirst() }
        while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
