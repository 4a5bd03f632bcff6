/// What one token of a parsed document is.
package enum JSONToken: UInt8, Sendable {
    case objectBegin = 0
    case objectEnd = 1
    case arrayBegin = 2
    case arrayEnd = 3
    /// The name of a member; its value is the next token.
    case name = 4
    case string = 5
    case number = 6
    /// Bare `NaN`, `Inf`, `Infinity`, `-Inf` or `-Infinity`.
    case nonFinite = 7
    case `true` = 8
    case `false` = 9
    case null = 10
}

extension JSONToken {
    /// The kind that `CRapidJSON.h` numbers `code`; that header and this enum list the same numbers.
    @inline(__always)
    init(code: UInt8) {
        // Unsafe because the number must be that of a case: the parser writes only 0 to 10, and the cases, which Swift
        // numbers in order of declaration, are in that order.
        self = unsafeBitCast(code, to: JSONToken.self)
    }

    /// Explicit, since the synthesised one is a generic call by raw value from other targets.
    package static func == (left: JSONToken, right: JSONToken) -> Bool {
        // Unsafe in form only: an enum of up to 256 cases without payloads is one byte.
        unsafeBitCast(left, to: UInt8.self) == unsafeBitCast(right, to: UInt8.self)
    }
}
