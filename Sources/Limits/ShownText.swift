extension StringProtocol {
    /// The text as it may be shown in a log, on a terminal or in an error: a control character, a line break and what turns
    /// the direction of writing are told by their number, `\u{1B}`, and what is very long is cut.
    ///
    /// - Parameter limit: the most scalars that are shown
    package func shown(atMost limit: Int = 1024) -> String {
        var text = ""
        var count = 0
        for scalar in unicodeScalars {
            if count == limit { return text + "…" }
            count += 1
            if scalar.isShownByItsNumber {
                text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether it moves the cursor, colours a terminal or changes the order of what is around it.
    fileprivate var isShownByItsNumber: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Marks of direction (UAX #9): a name with one looks like another.
        case .format:
            value == 0x061C || (0x200E...0x200F).contains(value) || (0x202A...0x202E).contains(value)
                || (0x2066...0x2069).contains(value)
        default: false
        }
    }
}
