import Testing

/// A text that stands for a kind of them, as JSONTestSuite (github.com/nst/JSONTestSuite) names the kinds.
struct JSONText: Sendable, CustomTestStringConvertible {
    let kind: String
    let bytes: [UInt8]

    init(_ kind: String, _ text: String) { (self.kind, bytes) = (kind, Array(text.utf8)) }

    /// `text` with the bytes `inserted` in place of its `@`.
    init(_ kind: String, _ text: String, _ inserted: [UInt8]) {
        self.kind = kind
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), maxSplits: 1, omittingEmptySubsequences: false)
        bytes = Array(parts[0]) + inserted + Array(parts[1])
    }

    var testDescription: String { kind }
}
