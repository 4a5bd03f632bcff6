internal import CRapidJSON

/// The tokens of one parsed document, in the order of the text: a view for the hot path, which makes no strings.
///
/// A value is one token, or for a container all tokens from its begin to its end. To walk the members of an object
/// whose begin is at `i`: the first name is at `i + 1`, its value at `i + 2`, the next name at `next(after: i + 2)`,
/// until `kind(at:)` is `objectEnd`. Elements of an array are walked likewise.
///
/// A plain view without ownership, so that copies cost nothing: it is valid while the parsed bytes exist, until the
/// next parse of its parser. Indices are not checked in release builds.
package struct JSONTokens {
    /// The number of tokens; at least 1. The document's value is at index 0.
    package let count: Int
    private let tokens: UnsafePointer<crj_token>
    private let source: UnsafeRawPointer
    private let arena: UnsafeRawPointer
    private let baseOffset: Int

    init(
        tokens: UnsafePointer<crj_token>,
        count: Int,
        source: UnsafeRawPointer,
        arena: UnsafeRawPointer,
        baseOffset: Int
    ) {
        self.tokens = tokens
        self.count = count
        self.source = source
        self.arena = arena
        self.baseOffset = baseOffset
    }

    @inline(__always)
    private func token(at index: Int) -> UnsafePointer<crj_token> {
        assert(index >= 0 && index < count)
        return tokens + index
    }

    /// What the token is.
    package func kind(at index: Int) -> JSONToken {
        JSONToken(code: token(at: index).pointee.kind)
    }

    /// The text of the token: of a string or name decoded and without quotes, of a number as sent, of a container from
    /// bracket to bracket. Valid UTF-8.
    package func text(at index: Int) -> UnsafeRawBufferPointer {
        let token = token(at: index)
        let base = token.pointee.inArena == 0 ? source : arena
        return UnsafeRawBufferPointer(start: base + Int(token.pointee.text), count: Int(token.pointee.textLength))
    }

    /// The token as in the source, including quotes and escapes; of a container from bracket to bracket.
    package func source(at index: Int) -> UnsafeRawBufferPointer {
        let token = token(at: index)
        return UnsafeRawBufferPointer(
            start: source + Int(token.pointee.start),
            count: Int(token.pointee.sourceLength)
        )
    }

    /// Whether the string or name had no escapes, so that its text can be written as JSON without looking for any.
    package func isVerbatim(at index: Int) -> Bool {
        token(at: index).pointee.inArena == 0
    }

    /// The byte at which the token starts, plus the `baseOffset` of the parse.
    package func offset(at index: Int) -> Int {
        baseOffset + Int(token(at: index).pointee.start)
    }

    /// The number of members of the object, or elements of the array, that begins or ends at `index`; else 0.
    package func memberCount(at index: Int) -> Int {
        Int(token(at: index).pointee.count)
    }

    /// The index just past the value (or name) that starts at `index`. For a container, past its end.
    package func next(after index: Int) -> Int {
        let token = token(at: index)
        let kind = JSONToken(code: token.pointee.kind)
        return kind == .objectBegin || kind == .arrayBegin ? Int(token.pointee.link) + 1 : index + 1
    }
}
