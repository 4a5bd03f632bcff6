import JSON

extension JSONText {
    enum Decision: Sendable {
        /// Taken, and written again as it was sent.
        case kept
        case refused(offset: Int, JSONSyntaxError.Reason)
    }

    /// What RFC 8259 leaves open, and the duplicate names that it advises against. Numbers are kept as text, so that no
    /// range ends them. Text has to be UTF-8 of whole characters: another program would read something else.
    static let open: [(JSONText, Decision)] = openNumbers + openEscapes + openEncodings + openStructures

    private static let openNumbers: [(JSONText, Decision)] = [
        (.init("exponent far below zero", "[234.5e-70000]"), .kept),
        (.init("exponent of many digits", "[0.5e008006009000111000000]"), .kept),
        (.init("negative, huge exponent", "[-2e+8888]"), .kept),
        (.init("positive, huge exponent", "[2.5e+8888]"), .kept),
        (.init("below the least double", "[-987654e99999]"), .kept),
        (.init("above the greatest double", "[987654e99999]"), .kept),
        (.init("less than a double tells from zero", "[987e-100000]"), .kept),
        (.init("whole, below 64 bits", "[-987654321987654321987654321]"), .kept),
        (.init("whole, above 64 bits", "[987654321987654321987]"), .kept),
        (.init("whole, negative, of 50 digits", "[-\(String(repeating: "73", count: 25))]"), .kept),
    ]

    private static let openEscapes: [(JSONText, Decision)] = [
        (.init("second surrogate alone in a name", #"{"\uDEAD":0}"#), .refused(offset: 2, .loneSurrogate)),
        (.init("first surrogate at the end", #"["\uD9AB"]"#), .refused(offset: 2, .loneSurrogate)),
        (.init("first surrogate and another character", #"["\uD888\u2345"]"#), .refused(offset: 2, .loneSurrogate)),
        (.init("first surrogate and an escape", #"["\uD811\n"]"#), .refused(offset: 2, .loneSurrogate)),
        (.init("first surrogate and a letter", #"["\uD812x"]"#), .refused(offset: 2, .loneSurrogate)),
        (.init("first surrogates twice", #"["\uD813\uD813\n"]"#), .refused(offset: 2, .loneSurrogate)),
        (.init("first surrogate among letters", #"["ab\ud8ffcd"]"#), .refused(offset: 4, .loneSurrogate)),
        (.init("surrogates in the wrong order", #"["\uDd1F\uD834"]"#), .refused(offset: 8, .loneSurrogate)),
        (.init("second surrogate alone", #"["\uDF99"]"#), .refused(offset: 2, .loneSurrogate)),
    ]

    private static let openEncodings: [(JSONText, Decision)] = [
        (.init("bytes that are no UTF-8", "[\"@\"]", [0xE6, 0x97, 0xA5, 0xFA]), .refused(offset: 5, .invalidUTF8)),
        (.init("surrogate as UTF-8", "[\"@\"]", [0xED, 0xA1, 0x80]), .refused(offset: 2, .invalidUTF8)),
        (.init("byte FE", "[\"@\"]", [0xFE]), .refused(offset: 2, .invalidUTF8)),
        (.init("Latin-1", "[\"@\"]", [0xE8]), .refused(offset: 2, .invalidUTF8)),
        (.init("continuation byte alone", "[\"@\"]", [0x82]), .refused(offset: 2, .invalidUTF8)),
        (.init("beyond U+10FFFF", "[\"@\"]", [0xF4, 0xBF, 0xBF, 0xBE]), .refused(offset: 2, .invalidUTF8)),
        (.init("overlong, 2 bytes", "[\"@\"]", [0xC0, 0xAE]), .refused(offset: 2, .invalidUTF8)),
        (
            .init("overlong, 6 bytes", "[\"@\"]", [0xFC, 0x84, 0xBF, 0xBF, 0xBF, 0xBE]),
            .refused(offset: 2, .invalidUTF8)
        ),
        (
            .init("overlong NUL, 6 bytes", "[\"@\"]", [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80]),
            .refused(offset: 2, .invalidUTF8)
        ),
        (.init("character cut short", "[\"@\"]", [0xE1, 0xFF]), .refused(offset: 2, .invalidUTF8)),
        (
            .init("UTF-16, little-endian, with its mark", "@", [0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00]),
            .refused(offset: 0, .byteOrderMark)
        ),
        (
            .init("UTF-16, big-endian, with its mark", "@", [0xFE, 0xFF, 0x00, 0x5B, 0x00, 0x5D]),
            .refused(offset: 0, .byteOrderMark)
        ),
        (.init("UTF-16, big-endian", "@", [0x00, 0x5B, 0x00, 0x5D]), .refused(offset: 0, .invalidValue)),
        (.init("UTF-16, little-endian", "@", [0x5B, 0x00, 0x5D, 0x00]), .refused(offset: 1, .invalidValue)),
    ]

    private static let openStructures: [(JSONText, Decision)] = [
        (
            .init("400 arrays in each other", String(repeating: "[", count: 400) + String(repeating: "]", count: 400)),
            .refused(offset: 64, .tooDeep)
        ),
        // A request's body may begin with one: it is dropped before.
        (.init("byte order mark before an object", "\u{FEFF}{}"), .refused(offset: 0, .byteOrderMark)),
        // Of JSONTestSuite's y_ kinds the only ones that are refused: readers differ in which value counts (RFC 8259,
        // section 4).
        (.init("name twice", #"{"lr":"small","lr":"large"}"#), .refused(offset: 14, .duplicateName("lr"))),
        (.init("name and value twice", #"{"lr":"small","lr":"small"}"#), .refused(offset: 14, .duplicateName("lr"))),
    ]
}
