/// A text compared byte by byte. String's `==` finds `"é"` equal in its spellings of one scalar and of two; to JSON
/// (RFC 8259 section 8.3) and to file systems these are two names.
package struct ExactText: Hashable, Comparable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// By bytes, which is the order of the scalars.
    package static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        // Equal scalars are canonically equivalent, so String's own hash agrees with this equality.
        text.hash(into: &hasher)
    }
}

extension ExactText: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(text) }
}
