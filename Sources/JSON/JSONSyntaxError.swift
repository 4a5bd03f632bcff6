/// What is wrong with a JSON text, and where.
package struct JSONSyntaxError: Error, Equatable, Sendable {
    /// The byte at which the fault shows, counted from the start of the text plus the parse's `baseOffset`.
    ///
    /// A duplicate name: the opening quote of the second one. A trailing comma: the comma. A lone surrogate: the
    /// backslash of its escape. Invalid UTF-8: the first byte of the bad sequence. Too deep: the 65th bracket. A fault
    /// of syntax: the first byte that is not allowed there; the end of the text if something is missing.
    package let offset: Int
    /// What the fault is.
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// The faults that a JSON text can have.
    package enum Reason: Equatable, Sendable {
        /// Nothing but white space.
        case empty
        /// The text starts with a byte order mark (RFC 8259 section 8.1).
        case byteOrderMark
        /// Something other than white space follows the value.
        case trailingContent
        /// A comma just before `closer`, which is `}` or `]`.
        case trailingComma(closer: Character)
        /// Bytes that are not UTF-8: overlong forms and encoded surrogates are not either (RFC 3629 section 3).
        case invalidUTF8
        /// An escape for half of a surrogate pair without the other half.
        case loneSurrogate
        /// The name, decoded, of two members of one object.
        case duplicateName(String)
        /// More than 64 containers in one another.
        case tooDeep
        /// A bare NaN or infinity, as written, where it is not allowed.
        case nonFinite(String)
        /// The text has 4 GiB or more.
        case tooLarge
        /// The text ends inside a value.
        case unexpectedEnd
        /// Something that starts or continues no JSON value.
        case invalidValue
        /// An object holds something other than a name in quotes.
        case missingName
        /// No colon after a name.
        case missingColon
        /// Neither a comma nor `}` after a member.
        case missingCommaInObject
        /// Neither a comma nor `]` after an element.
        case missingCommaInArray
        /// A backslash that starts no escape.
        case invalidEscape
        /// A control character (below U+0020) in a string, or a NUL between tokens.
        case controlCharacter
        /// A number without digits after its point or its exponent mark.
        case invalidNumber
    }
}

extension JSONSyntaxError.Reason: CustomStringConvertible {
    /// The fault and what to do, without the offset.
    package var description: String {
        switch self {
        case .empty: "the document is empty; send one JSON value"
        case .byteOrderMark: "the document starts with a byte order mark; send plain UTF-8 without one"
        case .trailingContent: "more follows after the end of the document; send one JSON value"
        case .trailingComma(let closer): "trailing comma before \"\(closer)\"; remove it"
        case .invalidUTF8: "bytes that are not UTF-8; encode the text as UTF-8"
        case .loneSurrogate: "half of a surrogate pair; write both halves, or the character itself"
        case .duplicateName(let name): "the name \"\(name)\" appears twice in one object; send it once"
        case .tooDeep: "more than 64 levels of nesting; send a flatter document"
        case .nonFinite(let text): "bare \(text) is not JSON here; send null or the string \"\(text)\""
        case .tooLarge: "the document has 4 GiB or more; send it in parts"
        case .unexpectedEnd: "the document ends inside a value; send it whole"
        case .invalidValue: "expected a value: an object, array, quoted string, number, true, false or null"
        case .missingName: "expected a name in double quotes"
        case .missingColon: "expected \":\" after a name"
        case .missingCommaInObject: "expected \",\" or \"}\" after a member"
        case .missingCommaInArray: "expected \",\" or \"]\" after an element"
        case .invalidEscape: "a backslash that starts no escape; write \"\\\\\" for a backslash"
        case .controlCharacter: "a bare control character; escape it, as in \\n or \\u0000"
        case .invalidNumber: "expected a digit in a number"
        }
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    /// The fault, what to do, and the offset, as one line without a full stop.
    package var description: String { "\(reason) (at byte \(offset))" }
}
