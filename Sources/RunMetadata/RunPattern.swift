internal import CRE2

/// The pattern of `grepl()`: a regular expression, matched by RE2 in time linear in the text's length, or a literal
/// text.
package final class RunPattern: Sendable {
    /// RE2's message.
    struct Failure: Error {
        let reason: String
    }

    private let expression: Expression

    /// Sendable: cre2_matches() may be called by several threads at once (re2/re2.h).
    private struct Expression: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// - Throws: if RE2 rejects the pattern
    init(_ pattern: String, isLiteral: Bool = false, ignoresCase: Bool = false) throws(Failure) {
        var fault = cre2_fault()
        var pattern = pattern
        let pointer = pattern.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) {
                cre2_create($0.baseAddress, $0.count, isLiteral ? 1 : 0, ignoresCase ? 1 : 0, &fault)
            }
        }
        guard let pointer else {
            let reason = withUnsafeBytes(of: &fault.reason) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw Failure(reason: reason)
        }
        // Released in `deinit`.
        expression = Expression(pointer: pointer)
    }

    deinit { cre2_destroy(expression.pointer) }

    /// Whether a text contains a match.
    func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { cre2_matches(expression.pointer, $0.baseAddress, $0.count) != 0 }
        }
    }
}
