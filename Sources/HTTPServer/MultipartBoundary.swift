/// What separates the parts of a form: the parameter `boundary` of its content type (RFC 2046 section 5.1.1).
enum MultipartBoundary {
    /// The longest accepted boundary, bytes. (RFC 2046 allows 70.)
    private static let longest = 200

    /// The boundary of `multipart/form-data`; nil for another content type, and if it has none or several. Other
    /// parameters are allowed, with names in any case and values in quotes (RFC 9110 section 5.6.6).
    static func read(_ contentType: some Collection<UInt8>) -> [UInt8]? {
        var rest = Array(contentType)[...]
        let essence = trimmed(take(from: &rest, until: UInt8(ascii: ";")))
        guard lowered(essence) == Array("multipart/form-data".utf8) else { return nil }
        var found: [UInt8]?
        while !rest.isEmpty {
            rest = rest.dropFirst()
            let name = trimmed(take(from: &rest) { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: ";") })
            guard rest.first == UInt8(ascii: "=") else {
                if name.isEmpty { continue }
                return nil
            }
            rest = rest.dropFirst()
            guard let value = value(from: &rest) else { return nil }
            if lowered(name) == Array("boundary".utf8) {
                if found != nil { return nil }
                found = value
            }
        }
        guard let found, !found.isEmpty, found.count <= longest, found.last != UInt8(ascii: " "),
            found.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return found
    }

    /// A parameter's value: a token, or text in quotes. What is left begins with the next `;`.
    private static func value(from rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        guard rest.first == UInt8(ascii: "\"") else {
            return Array(trimmed(take(from: &rest, until: UInt8(ascii: ";"))))
        }
        rest = rest.dropFirst()
        var text: [UInt8] = []
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            if byte != UInt8(ascii: "\\") {
                text.append(byte)
            } else if let escaped = rest.popFirst() {
                text.append(escaped)
            }
            if rest.isEmpty { return nil }
        }
        return trimmed(take(from: &rest, until: UInt8(ascii: ";"))).isEmpty ? text : nil
    }

    private static func take(
        from rest: inout ArraySlice<UInt8>, _ isEnd: (UInt8) -> Bool
    ) -> ArraySlice<UInt8> {
        let end = rest.firstIndex(where: isEnd) ?? rest.endIndex
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    private static func take(from rest: inout ArraySlice<UInt8>, until end: UInt8) -> ArraySlice<UInt8> {
        take(from: &rest) { $0 == end }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        while let last = bytes.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { bytes.removeLast() }
        return bytes
    }

    private static func lowered(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    }
}
