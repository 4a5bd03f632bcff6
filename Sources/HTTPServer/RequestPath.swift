/// A request's path, split and decoded once. Everything ambiguous is refused.
///
/// A route has fixed segments, and perhaps the path of a file after them. `%` and `\` are ordinary characters in a
/// file's name, but not in a fixed segment. An escaped `/` separates names, in a file's path only.
package struct RequestPath: Sendable {
    /// The decoded segments; empty for `/`.
    package let segments: [String]
    /// By segment: the first escape in it that only files' names may have.
    private var reserved: [Int: String] = [:]

    /// Why a path is refused.
    package struct Failure: Error, Equatable {
        package let reason: String
    }

    /// Splits a path as it was sent.
    /// - Throws: if there is an empty, `.` or `..` segment, a broken escape, an escaped NUL, or invalid UTF-8
    package init(_ path: [UInt8]) throws(Failure) {
        guard path.first == UInt8(ascii: "/") else {
            throw Failure(reason: "the path does not start with \"/\"")
        }
        if path.count == 1 {
            segments = []
            return
        }
        var found: [String] = []
        found.reserveCapacity(8)
        var start = 1
        for end in 1...path.count where end == path.count || path[end] == UInt8(ascii: "/") {
            let (segment, escape) = try Self.segment(path[start..<end])
            if let escape { reserved[found.count] = escape }
            found.append(segment)
            start = end + 1
        }
        segments = found
    }

    /// Refuses an escaped `/`, `\` or `%` in the first segments, which are fixed.
    package func requireFixed(_ count: Int) throws(Failure) {
        if reserved.isEmpty { return }
        if let escape = reserved.filter({ $0.key < count }).min(by: { $0.key < $1.key })?.value {
            throw Failure(reason: "the path has \(escape) inside a segment")
        }
    }

    /// The names in a file's path, from a segment on.
    /// - Throws: if there is an empty, `.` or `..` name
    package func file(from first: Int) throws(Failure) -> [String] {
        var names: [String] = []
        for (index, segment) in segments.enumerated().dropFirst(first) {
            guard reserved[index] != nil else {
                names.append(segment)
                continue
            }
            // By bytes: to a file system a `/` is a separator, whatever combining character follows.
            for name in segment.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                names.append(try Self.checked(String(decoding: name, as: UTF8.self)))
            }
        }
        return names
    }

    /// - Returns: the segment, and the first escape in it that only files' names may have
    private static func segment(_ raw: ArraySlice<UInt8>) throws(Failure) -> (String, escape: String?) {
        // Most segments are plain; those need no decoding.
        if !raw.isEmpty, !raw.contains(where: { $0 == UInt8(ascii: "%") || $0 >= 0x80 || $0 == UInt8(ascii: ".") }) {
            return (String(decoding: raw, as: UTF8.self), nil)
        }
        guard let bytes = PercentEncoding.decode(raw) else {
            throw Failure(reason: "the path has a \"%\" that is not followed by two hexadecimal digits")
        }
        var escape: String?
        if raw.count != bytes.count {
            if bytes.contains(0) { throw Failure(reason: "the path has %00 inside a segment") }
            escape =
                bytes.contains(UInt8(ascii: "/"))
                ? "%2F" : bytes.contains(UInt8(ascii: "\\")) ? "%5C" : bytes.contains(UInt8(ascii: "%")) ? "%25" : nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(reason: "the path is not UTF-8")
        }
        return (try checked(text), escape)
    }

    private static func checked(_ name: String) throws(Failure) -> String {
        if name.isEmpty { throw Failure(reason: "the path has an empty segment (\"//\" or a \"/\" at the end)") }
        if name == "." || name == ".." { throw Failure(reason: "the path has a \"\(name)\" segment") }
        return name
    }
}
