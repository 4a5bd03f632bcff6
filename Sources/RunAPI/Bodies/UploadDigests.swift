internal import HTTPServer

/// The digests that a client sends with an upload, compared with the received bytes (RFC 9530; RFC 1864 for
/// `Content-MD5`).
///
/// `Content-Digest` and `Content-MD5` are of the body as sent: of the whole form, or of the part of a file.
/// `Repr-Digest` is of the file to be written; for metadata, of the body. Unknown algorithms are ignored, as RFC 9530
/// section 2 requires.
final class UploadDigests: @unchecked Sendable {
    // Sendable: owned by a sink, whose methods are called one at a time.

    /// A digest that was sent, and the one being computed.
    private struct Expected {
        let field: String
        let value: [UInt8]
        let digest: Digest
    }

    private let content: [Expected]
    private let file: [Expected]
    /// The computed digests of the file.
    private(set) var made: [Digest.Algorithm: [UInt8]] = [:]
    /// The file's digest, computed for every upload: that costs little while the bytes are read anyway.
    private let own: Digest?

    /// Whether the client sent the file's digest.
    var expectsFile: Bool { !file.isEmpty }

    /// Reads the head of a request.
    /// - Parameter isFile: whether the file's digest will be cached
    /// - Throws: a problem if a field is malformed
    init(_ exchange: HTTPExchange, isFile: Bool = true) throws(Problem) {
        own = isFile ? Digest(.sha256) : nil
        file = try Self.expected("Repr-Digest", exchange)
        var content = try Self.expected("Content-Digest", exchange)
        if let text = exchange.joinedHeader("Content-MD5") {
            guard let value = Base64.decode(text), value.count == Digest.Algorithm.md5.size else {
                throw Self.invalid("Content-MD5", "the 16 bytes of an MD5 in base64, such as Q2hlY2sgSW50ZWdyaXR5IQ==")
            }
            content.append(Expected(field: "Content-MD5", value: value, digest: Digest(.md5)))
        }
        self.content = content
    }

    private static func expected(_ field: String, _ exchange: HTTPExchange) throws(Problem) -> [Expected] {
        guard let text = exchange.joinedHeader(field) else { return [] }
        let rule = "a list such as sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"
        guard let dictionary = StructuredDictionary(text) else { throw invalid(field, rule) }
        var expected: [Expected] = []
        for (name, item) in dictionary.members {
            guard let algorithm = Digest.Algorithm(rawValue: name) else { continue }
            guard case .bytes(let value) = item, value.count == algorithm.size else { throw invalid(field, rule) }
            expected.append(Expected(field: field, value: value, digest: Digest(algorithm)))
        }
        return expected
    }

    private static func invalid(_ field: String, _ rule: String) -> Problem {
        Problem(400, "invalid-digest", "Invalid digest", "\(field) cannot be read; it has to be \(rule)")
    }

    /// The next piece of the body.
    func update(content piece: UnsafeRawBufferPointer) { for expected in content { expected.digest.update(piece) } }

    /// The next piece of the file.
    func update(file piece: UnsafeRawBufferPointer) {
        own?.update(piece)
        for expected in file where own == nil || expected.digest.algorithm != .sha256 { expected.digest.update(piece) }
    }

    /// Compares the digests of the body. To be called once, at its end.
    func checkContent() throws(Problem) {
        for expected in content { try Self.check(expected, expected.digest.finish()) }
    }

    /// Compares the digests of the file.
    func checkFile() throws(Problem) {
        made[.sha256] = own?.finish()
        for expected in file {
            let digest = made[expected.digest.algorithm] ?? expected.digest.finish()
            made[expected.digest.algorithm] = digest
            try Self.check(expected, digest)
        }
    }

    /// Compares the digests of a whole body that is not a file.
    func check(_ body: [UInt8]) throws(Problem) {
        body.withUnsafeBytes { body in
            update(content: body)
            update(file: body)
        }
        try checkContent()
        try checkFile()
    }

    private static func check(_ expected: Expected, _ found: [UInt8]) throws(Problem) {
        if expected.value == found { return }
        let name = expected.field == "Content-MD5" ? "" : " (\(expected.digest.algorithm.rawValue))"
        throw Problem(
            422, "digest-mismatch", "Digest does not match",
            "\(expected.field)\(name) is \(Base64.encode(expected.value)), but that of the received bytes is \(Base64.encode(found)), so nothing "
                + "was stored; send it again")
    }
}
