/// A name compared scalar by scalar: String's `==` finds `"é"` equal in its one-scalar and two-scalar spellings, JSON
/// does not (RFC 8259 section 8.3).
struct JSONName: Hashable {
    private let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: JSONName, right: JSONName) -> Bool {
        left.text.utf8.count == right.text.utf8.count && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        // Equal scalars are canonically equivalent, so String's own hash agrees with this equality.
        text.hash(into: &hasher)
    }
}
