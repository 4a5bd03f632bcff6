internal import CRapidJSON

/// Parses JSON into tokens. It keeps its buffers, so that reusing it allocates nothing for a usual document.
///
/// Built on `rapidjson::GenericReader`, but stricter: see ``JSONSyntaxError/Reason``. One task at a time may use it.
package final class JSONParser {
    /// What to do with bare `NaN`, `Inf`, `Infinity`, `-Inf` and `-Infinity`, which Python and R write.
    package enum NonFinite: Sendable {
        /// They are numbers.
        case allowed
        /// They are ``JSONSyntaxError/Reason/nonFinite(_:)``.
        case refused
    }

    private let parser: OpaquePointer

    package init() {
        // Released in `deinit`.
        parser = crj_parser_create()
    }

    deinit {
        crj_parser_destroy(parser)
    }

    /// Parses the one document that `bytes` holds. For NDJSON, call it for each line with the line's offset.
    ///
    /// The tokens point into `bytes` and into this parser: they are valid while both exist, until the next parse.
    /// ``withTokens(of:nonFinite:baseOffset:_:)`` ensures that.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8 without a byte order mark, under 4 GiB.
    ///   - nonFinite: Whether bare NaN and infinities are numbers.
    ///   - baseOffset: Added to the offset of an error and to ``JSONTokens/offset(at:)``.
    /// - Throws: The first fault found, with its offset.
    package func parse(
        _ bytes: UnsafeRawBufferPointer,
        nonFinite: NonFinite,
        baseOffset: Int = 0
    ) throws(JSONSyntaxError) -> JSONTokens {
        var result = crj_result()
        let source = bytes.baseAddress
        // Any memory may be read as char; crj_parse keeps pointers only in its result.
        let status = crj_parse(
            parser,
            source?.assumingMemoryBound(to: CChar.self),
            bytes.count,
            nonFinite == .allowed ? 1 : 0,
            &result
        )
        let code = Int(status)
        guard code == CRJ_OK, let source, let tokens = result.tokens else {
            throw JSONSyntaxError(
                offset: baseOffset + result.errorOffset,
                reason: JSONSyntaxError.Reason(code: code, result: result, source: bytes)
            )
        }
        return JSONTokens(
            tokens: tokens,
            count: result.tokenCount,
            source: source,
            arena: UnsafeRawPointer(result.arena) ?? source,
            baseOffset: baseOffset
        )
    }

    /// Parses `bytes` and lends the tokens to `body`; they must not leave it.
    ///
    /// - Throws: ``JSONSyntaxError``, or what `body` throws.
    package func withTokens<Result>(
        of bytes: [UInt8],
        nonFinite: NonFinite,
        baseOffset: Int = 0,
        _ body: (JSONTokens) throws -> Result
    ) throws -> Result {
        try bytes.withUnsafeBytes { buffer in
            let tokens = try parse(buffer, nonFinite: nonFinite, baseOffset: baseOffset)
            return try withExtendedLifetime(self) { try body(tokens) }
        }
    }
}

extension JSONSyntaxError.Reason {
    /// The reason for a code of `CRapidJSON.h`.
    fileprivate init(code: Int, result: crj_result, source: UnsafeRawBufferPointer) {
        var text: String {
            let bytes = UnsafeRawBufferPointer(start: result.errorText, count: result.errorTextLength)
            return String(decoding: bytes, as: UTF8.self)
        }
        self =
            switch code {
            case CRJ_EMPTY: .empty
            case CRJ_BYTE_ORDER_MARK: .byteOrderMark
            case CRJ_TRAILING_CONTENT: .trailingContent
            case CRJ_TRAILING_COMMA: .trailingComma(closer: Self.closer(in: source, after: result.errorOffset))
            case CRJ_INVALID_UTF8: .invalidUTF8
            case CRJ_LONE_SURROGATE: .loneSurrogate
            case CRJ_DUPLICATE_NAME: .duplicateName(text)
            case CRJ_TOO_DEEP: .tooDeep
            case CRJ_NONFINITE_REFUSED: .nonFinite(text)
            case CRJ_TOO_LARGE: .tooLarge
            case CRJ_UNEXPECTED_END: .unexpectedEnd
            case CRJ_MISSING_NAME: .missingName
            case CRJ_MISSING_COLON: .missingColon
            case CRJ_MISSING_COMMA_IN_OBJECT: .missingCommaInObject
            case CRJ_MISSING_COMMA_IN_ARRAY: .missingCommaInArray
            case CRJ_INVALID_ESCAPE: .invalidEscape
            case CRJ_CONTROL_CHARACTER: .controlCharacter
            case CRJ_INVALID_NUMBER: .invalidNumber
            default: .invalidValue
            }
    }

    /// The bracket that follows the trailing comma at `offset`.
    private static func closer(in source: UnsafeRawBufferPointer, after offset: Int) -> Character {
        let closer = source.dropFirst(offset).first { $0 == UInt8(ascii: "}") || $0 == UInt8(ascii: "]") }
        return closer == UInt8(ascii: "]") ? "]" : "}"
    }
}
