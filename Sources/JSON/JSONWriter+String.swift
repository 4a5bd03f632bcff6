extension JSONWriter {
    /// Appends the text as a JSON string in quotes.
    ///
    /// Only `"`, `\` and control characters are escaped (RFC 8259 section 7): `\n`, `\t`, `\r`, `\b`, `\f`, else
    /// `\u00XX`.
    package static func append(string text: String, to output: inout [UInt8]) {
        let done: Void? = text.utf8.withContiguousStorageIfAvailable { bytes in
            append(stringUTF8: UnsafeRawBufferPointer(bytes), to: &output)
        }
        if done == nil {
            Array(text.utf8).withUnsafeBytes { append(stringUTF8: $0, to: &output) }
        }
    }

    /// Appends UTF-8 text as a JSON string in quotes: for the text of a token, without making a String.
    ///
    /// - Parameter text: Valid UTF-8; it is not checked. It must not lie in `output`.
    package static func append(stringUTF8 text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var plainStart = 0
        for index in 0..<text.count {
            let byte = text[index]
            if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") { continue }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[plainStart..<index]))
            appendEscape(of: byte, to: &output)
            plainStart = index + 1
        }
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[plainStart...]))
        output.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(of byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default:
            output.append(contentsOf: "u00".utf8)
            output.append(hexDigit(byte >> 4))
            output.append(hexDigit(byte & 0xF))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
