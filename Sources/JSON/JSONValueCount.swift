/// Counts the values of a text before it is parsed: each takes far more memory than its two bytes.
package enum JSONValueCount {
    /// Whether a text has more than `most` values, by its separators outside of strings.
    /// - Parameter hasEscapes: whether a backslash in a string escapes the next character: in JSON, not in CSV
    package static func exceeds(_ most: Int, in text: [UInt8], hasEscapes: Bool = true) -> Bool {
        // A value takes at least a byte and a separator.
        guard text.count / 2 > most else { return false }
        var (count, isInString, isEscaped) = (0, false, false)
        for byte in text {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\"), hasEscapes {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\n"):
                count += 1
            default: continue
            }
            if count > most { return true }
        }
        return false
    }
}
