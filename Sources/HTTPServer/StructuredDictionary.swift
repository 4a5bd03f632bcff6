/// A dictionary of structured fields (RFC 8941 section 3.2), such as `Repr-Digest` is.
package struct StructuredDictionary: Sendable {
    /// The value of a name, as far as digests need it.
    package enum Item: Sendable, Equatable {
        case bytes([UInt8])
        case integer(Int)
        /// A text, a token, a flag or a list: none of them can be a digest.
        case other
    }

    /// In order. A repeated name has the place of the first one and the value of the last one.
    package private(set) var members: [(name: String, item: Item)] = []

    /// Reads a field's value; nil if it is not a dictionary.
    package init?(_ field: String) {
        var text = field.utf8[...]
        var places: [String: Int] = [:]
        Self.skipSpace(&text)
        while !text.isEmpty {
            guard let name = Self.name(&text) else { return nil }
            var item = Item.other
            if Self.take("=", &text) {
                guard let read = Self.listOrItem(&text) else { return nil }
                item = read
            }
            while Self.take(";", &text) {
                Self.skipSpace(&text)
                guard Self.name(&text) != nil else { return nil }
                if Self.take("=", &text), Self.item(&text) == nil { return nil }
            }
            if let place = places[name] {
                members[place].item = item
            } else {
                places[name] = members.count
                members.append((name, item))
            }
            Self.skipSpace(&text)
            if text.isEmpty { break }
            guard Self.take(",", &text) else { return nil }
            Self.skipSpace(&text)
            if text.isEmpty { return nil }
        }
    }

    private typealias Text = Substring.UTF8View

    private static func skipSpace(_ text: inout Text) {
        text = text.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private static func take(_ character: Unicode.Scalar, _ text: inout Text) -> Bool {
        guard text.first == UInt8(ascii: character) else { return false }
        text = text.dropFirst()
        return true
    }

    private static func name(_ text: inout Text) -> String? {
        guard let first = text.first, isLower(first) || first == UInt8(ascii: "*") else { return nil }
        return cut(&text) { isLower($0) || isDigit($0) || "_-.*".utf8.contains($0) }
    }

    /// An item, or an inner list, which has no other list in it (RFC 8941 section 3.1.1).
    private static func listOrItem(_ text: inout Text) -> Item? {
        if !take("(", &text) { return item(&text) }
        skipSpace(&text)
        while text.first != UInt8(ascii: ")") {
            guard item(&text) != nil else { return nil }
            skipSpace(&text)
        }
        return take(")", &text) ? .other : nil
    }

    private static func item(_ text: inout Text) -> Item? {
        guard let first = text.first else { return nil }
        switch first {
        case UInt8(ascii: ":"):
            text = text.dropFirst()
            let content = cut(&text) { $0 != UInt8(ascii: ":") }
            guard take(":", &text) else { return nil }
            return Base64.decode(content).map { .bytes($0) }
        case UInt8(ascii: "\""):
            text = text.dropFirst()
            while let byte = text.first, byte != UInt8(ascii: "\"") {
                text = text.dropFirst(byte == UInt8(ascii: "\\") ? 2 : 1)
            }
            return take("\"", &text) ? .other : nil
        default:
            let word = cut(&text) { !" \t,;()=\"".utf8.contains($0) }
            if word.isEmpty { return nil }
            return Int(word).map { .integer($0) } ?? .other
        }
    }

    private static func cut(_ text: inout Text, _ belongs: (UInt8) -> Bool) -> String {
        let part = text.prefix(while: belongs)
        text = text[part.endIndex...]
        return String(decoding: part, as: UTF8.self)
    }

    private static func isLower(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte }
    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
}
