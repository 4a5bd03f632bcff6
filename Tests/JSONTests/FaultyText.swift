import JSON
import Testing

/// A text, and the fault that it has at a byte.
struct FaultyText: Sendable, CustomTestStringConvertible {
    let text: [UInt8]
    let offset: Int
    let reason: JSONSyntaxError.Reason

    init(_ text: String, _ offset: Int, _ reason: JSONSyntaxError.Reason) {
        self.init(Array(text.utf8), offset, reason)
    }

    init(_ text: [UInt8], _ offset: Int, _ reason: JSONSyntaxError.Reason) {
        self.text = text
        self.offset = offset
        self.reason = reason
    }

    var testDescription: String { String(decoding: text.prefix(60), as: UTF8.self) }

    /// `text` with the bytes `inserted` in place of its `@`.
    static func bytes(_ text: String, _ inserted: [UInt8], _ offset: Int, _ reason: JSONSyntaxError.Reason) -> Self {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return FaultyText(Array(parts[0]) + inserted + Array(parts[1]), offset, reason)
    }

    static let syntax: [FaultyText] = [
        .init("", 0, .empty),
        .init(" \n\t\r ", 5, .empty),
        .init("]", 0, .invalidValue),
        .init("[1] 2", 4, .trailingContent),
        .init("{}{}", 2, .trailingContent),
        .init("1\0", 1, .trailingContent),
        .init("[1]\0 ", 3, .trailingContent),
        .init("\0", 0, .invalidValue),
        .init("[1,]", 2, .trailingComma(closer: "]")),
        .init("[1 , \n]", 3, .trailingComma(closer: "]")),
        .init(#"{"a":1,}"#, 6, .trailingComma(closer: "}")),
        .init("[,]", 1, .invalidValue),
        .init("[1,,2]", 3, .invalidValue),
        .init("{,}", 1, .missingName),
        .init(#"{"a":1,2}"#, 7, .missingName),
        .init("{a:1}", 1, .missingName),
        .init(#"{"a" 1}"#, 5, .missingColon),
        .init(#"{"a":}"#, 5, .invalidValue),
        .init(#"{"a":1 "b":2}"#, 7, .missingCommaInObject),
        .init("[1 2]", 3, .missingCommaInArray),
        .init("[1}", 2, .missingCommaInArray),
        .init("{", 1, .unexpectedEnd),
        .init("[1,", 3, .unexpectedEnd),
        .init(#"{"a":"#, 5, .unexpectedEnd),
        .init(#"["abc"#, 5, .unexpectedEnd),
        .init("tru", 3, .unexpectedEnd),
        .init("trve", 2, .invalidValue),
        .init("[nope]", 2, .invalidValue),
        .init("'a'", 0, .invalidValue),
        .init("[1 /* no */]", 3, .missingCommaInArray),
        .init(#"["\x41"]"#, 2, .invalidEscape),
        .init(#"["\u00g0"]"#, 2, .invalidEscape),
        .init("[\"a\nb\"]", 3, .controlCharacter),
        .init("[\"a\0b\"]", 3, .controlCharacter),
        .init("[\0]", 1, .invalidValue),
        .init("{\"a\0\":1}", 3, .controlCharacter),
        .init("1.", 2, .invalidNumber),
        .init("[1.e5]", 3, .invalidNumber),
        .init("[1e]", 3, .invalidNumber),
        .init("[1e+]", 4, .invalidNumber),
        .init("[01]", 2, .missingCommaInArray),
        .init("[01e400]", 2, .missingCommaInArray),
        .init("[1e400, 01]", 9, .missingCommaInArray),
        .init("[+1]", 1, .invalidValue),
        .init("[.5]", 1, .invalidValue),
        .init("[-]", 2, .invalidValue),
        .init("[0x10]", 2, .missingCommaInArray),
    ]

    static let encoding: [FaultyText] = [
        .init([0xEF, 0xBB, 0xBF] + Array("{}".utf8), 0, .byteOrderMark),
        .init([0xFF, 0xFE, 0x7B, 0x00], 0, .byteOrderMark),
        .init([0xFE, 0xFF, 0x00, 0x7B], 0, .byteOrderMark),
        .bytes(#"["a@"]"#, [0xC0, 0xAF], 3, .invalidUTF8),
        .bytes(#"["@"]"#, [0xC1, 0xBF], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xE0, 0x80, 0xAF], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xE0, 0x9F, 0xBF], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xF0, 0x80, 0x80, 0xAF], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xF0, 0x8F, 0xBF, 0xBF], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xED, 0xA0, 0x80], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xED, 0xBF, 0xBF], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xF4, 0x90, 0x80, 0x80], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xF5, 0x80, 0x80, 0x80], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0x80], 2, .invalidUTF8),
        .bytes(#"["@"]"#, [0xC3], 2, .invalidUTF8),
        .bytes(#"["\n@"]"#, [0xE2, 0x82], 4, .invalidUTF8),
        .bytes(#"["@"#, [0xE2, 0x82], 2, .invalidUTF8),
        .bytes(#"{"@":1}"#, [0xFF], 2, .invalidUTF8),
        .bytes("[1, @]", [0xFF], 4, .invalidUTF8),
        .bytes("[1] @", [0xC3, 0x28], 4, .invalidUTF8),
        .init("[1] é", 4, .trailingContent),
        .init(#"["\ud83d"]"#, 2, .loneSurrogate),
        .init(#"["ab\ud83dcd"]"#, 4, .loneSurrogate),
        .init(#"["\ud83d\ud83d"]"#, 2, .loneSurrogate),
        .init(#"["\ud83d\u0041"]"#, 2, .loneSurrogate),
        .init(#"["\ud83d\n"]"#, 2, .loneSurrogate),
        .init(#"["\ude00"]"#, 2, .loneSurrogate),
        .init(#"["\uDFFF"]"#, 2, .loneSurrogate),
        .init(#"["a\\\ud83d\ude00\uD7FF\udc00"]"#, 23, .loneSurrogate),
        .init(#"{"\u0061\udead":1}"#, 8, .loneSurrogate),
    ]

    static let names: [FaultyText] = [
        .init(#"{"a":1,"a":2}"#, 7, .duplicateName("a")),
        .init(#"{"a":1,"\u0061":2}"#, 7, .duplicateName("a")),
        .init(#"{"\u0061":1,"a":2}"#, 12, .duplicateName("a")),
        .init(#"{"":1,"":2}"#, 6, .duplicateName("")),
        .init(#"{"é":1,"\u00e9":2}"#, 8, .duplicateName("é")),
        .init(#"[{"x":{"a":1},"x":{}}]"#, 14, .duplicateName("x")),
        .init(#"{"a":1,"b":[{"c":1,"c":2}]}"#, 19, .duplicateName("c")),
        .init(#"{"a":1e400,"a":2}"#, 11, .duplicateName("a")),
    ]
}
