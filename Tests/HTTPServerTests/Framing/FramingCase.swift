import Testing

/// Bytes that a client sends, and exactly what it gets for them.
struct FramingCase: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Of the replies, in order, those of 100 left out.
    let statuses: [Int]
    /// Whether the connection ends with the last reply.
    let closes: Bool
    /// Replies of 100.
    var continues = 0
    /// What the last reply says, where the handler echoes the request.
    var echo: String?

    var testDescription: String { name }

    /// A request that hides behind another one, and must never be answered.
    static let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"

    /// A request that is refused, and ends the connection; `hidden` comes behind it.
    static func refused(_ name: String, _ text: String, _ status: Int) -> FramingCase {
        FramingCase(name: name, bytes: Array((text + hidden).utf8), statuses: [status], closes: true)
    }

    /// A request that is taken; the connection goes on.
    static func taken(_ name: String, _ text: String, echo: String, continues: Int = 0) -> FramingCase {
        FramingCase(
            name: name, bytes: Array(text.utf8), statuses: [200], closes: false, continues: continues, echo: echo)
    }

    static let all: [FramingCase] =
        lengths + repeatedLengths + lengthsAndCodings + codings + blanksAndFolds + controls + names + hosts + versions
        + requestLines + lineEnds + targets + limits + expectations + chunkSizes + chunkData + trailers

    /// A POST to `/x` with these lines between its `Host` and the empty line.
    static func post(_ lines: String, _ body: String = "") -> String {
        "POST /x HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\(body)"
    }

    /// A POST to `/x` in chunks.
    static func chunks(_ body: String) -> String { post("Transfer-Encoding: chunked\r\n", body) }
}
