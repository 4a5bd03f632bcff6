internal import CLinux
internal import CNettle
internal import HTTPServer

/// A token as its holder has it: `rd_`, the id in 8 characters, `_`, and the key in 43, all letters and digits.
///
/// The key has 256 random bits (43 characters of 62 each are worth 256.03). The id is not secret: it is in listings and
/// in the audit log, and it is used to find the hash that the whole text is compared with.
package struct TokenSecret: Sendable {
    /// Tools that search for leaked secrets recognise a token by this prefix.
    package static let prefix = "rd_"
    private static let idLength = 8, keyLength = 43
    private static let length = prefix.utf8.count + idLength + 1 + keyLength
    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    package let text: String
    package let id: String

    /// The random source failed (getrandom(2)), which on Linux happens only early during boot.
    package struct NoRandomness: Error, CustomStringConvertible {
        package let description = "the system gives no random bytes (getrandom(2))"
    }

    /// A new secret.
    package static func make() throws(NoRandomness) -> TokenSecret {
        let id = try characters(idLength)
        return TokenSecret(text: "\(prefix)\(id)_\(try characters(keyLength))", id: id)
    }

    private init(text: String, id: String) { (self.text, self.id) = (text, id) }

    /// Random characters of the alphabet, all equally likely.
    private static func characters(_ count: Int) throws(NoRandomness) -> String {
        var found: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 64)
        while found.count < count {
            guard clinux_random(&bytes, bytes.count) == 0 else { throw NoRandomness() }
            // 62 and 63 are dropped, not mapped to other characters, so that none is more likely.
            found += bytes.map { Int($0 & 63) }.filter { $0 < alphabet.count }.map { alphabet[$0] }
        }
        return String(decoding: found.prefix(count), as: UTF8.self)
    }

    /// The hash that is kept: SHA-256 of the text. A key of 256 random bits needs no slow hash.
    package var hash: [UInt8] { Digest.of(Array(text.utf8), .sha256) }

    /// The id in a text of this form; nil for any other text.
    static func id(in text: UnsafeRawBufferPointer) -> String? {
        let start = prefix.utf8.count
        let end = start + idLength
        guard text.count == length, text.starts(with: prefix.utf8), text[end] == UInt8(ascii: "_") else { return nil }
        return String(decoding: text[start..<end], as: UTF8.self)
    }

    /// Whether two texts are the same, in a time that depends only on their length (nettle's memeql_sec()).
    static func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count, let first = one.baseAddress, let second = other.baseAddress else {
            return false
        }
        return nettle_memeql_sec(first, second, one.count) == 1
    }
}
