extension JSONNumber {
    /// NaN or an infinity, in any spelling of C's printf(3), Python, R, Julia, awk, JavaScript or pandas: `nan`, `inf` or
    /// `infinity` in any case, with a sign or without. Nil for any other text.
    package init?(nonFiniteSpelling text: String) {
        // Longer than `-infinity` is none of them.
        guard text.utf8.count <= 9 else { return nil }
        let isSigned = text.utf8.first == UInt8(ascii: "-") || text.utf8.first == UInt8(ascii: "+")
        switch text.utf8.dropFirst(isSigned ? 1 : 0).map({ $0 | 0x20 }) {
        case Array("nan".utf8): self = .nan
        case Array("inf".utf8), Array("infinity".utf8):
            self = text.utf8.first == UInt8(ascii: "-") ? .negativeInfinity : .infinity
        default: return nil
        }
    }
}
