/// A request's path, split and decoded, with everything refused that could mean two things.
package struct RequestPath: Sendable {
    /// The decoded segments; none for `/`.
    package let segments: [String]

    /// Why a path is refused.
    package struct Failure: Error, Equatable {
        package let reason: String
    }

    /// Splits a path as it was sent.
    /// - Throws: on an empty, `.` or `..` segment, a broken escape, an escaped `/`, `\`, `%` or NUL, and invalid UTF-8
    package init(_ path: [UInt8]) throws(Failure) {
        guard path.first == UInt8(ascii: "/") else {
            throw Failure(reason: "the path does not start with \"/\"")
        }
        if path.count == 1 {
            segments = []
            return
        }
        var found: [String] = []
        var start = 1
        for end in 1...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
            found.append(try Self.segment(path[start..<end]))
            start = end + 1
        }
        segments = found
    }

    private static func segment(_ raw: ArraySlice<UInt8>) throws(Failure) -> String {
        guard !raw.isEmpty else {
            throw Failure(reason: "the path has an empty segment (\"//\" or a \"/\" at the end)")
        }
        // Most segments are plain; those need no decoding.
        if !raw.contains(where: { $0 == UInt8(ascii: "%") || $0 >= 0x80 || $0 == UInt8(ascii: ".") }) {
            return String(decoding: raw, as: UTF8.self)
        }
        guard let bytes = PercentEncoding.decode(raw) else {
            throw Failure(reason: "the path has a \"%\" that is not followed by two hexadecimal digits")
        }
        if raw.count != bytes.count {
            for (byte, name) in [
                (UInt8(ascii: "/"), "%2F"), (UInt8(ascii: "\\"), "%5C"), (0, "%00"), (UInt8(ascii: "%"), "%25"),
            ]
            where bytes.contains(byte) {
                throw Failure(reason: "the path has \(name) inside a segment")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(reason: "the path is not UTF-8")
        }
        if text == "." || text == ".." { throw Failure(reason: "the path has a \"\(text)\" segment") }
        return text
    }
}
