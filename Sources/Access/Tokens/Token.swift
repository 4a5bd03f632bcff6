internal import HTTPServer
package import JSON
internal import RunMetadata

/// A token as the server keeps it: its right, runs and expiry, and the hash of the secret.
package struct Token: Sendable, Equatable {
    package let id: String
    package let name: String
    package let right: Right
    package let scope: RunScope
    /// Seconds since 1970.
    package let created: Double
    /// Likewise; nil: never.
    package let expires: Double?
    /// SHA-256 of the secret.
    let hash: [UInt8]

    /// The rule of names, in words for the person who broke it.
    package static let nameRule =
        "a token's name is 1 to 64 letters, digits, \".\", \"_\", \"-\", \"+\" or \"@\", such as ci or anna@laptop"

    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "._-+@".utf8.contains(byte)
                }
            }
    }

    package init(
        _ secret: TokenSecret, name: String, right: Right, scope: RunScope, created: Double, expires: Double?
    ) {
        (id, hash) = (secret.id, secret.hash)
        (self.name, self.right, self.scope) = (name, right, scope)
        (self.created, self.expires) = (created, expires)
    }

    package func hasExpired(at now: Double) -> Bool { expires.map { now >= $0 } ?? false }

    // MARK: As JSON

    /// The form in the token file.
    var json: JSONValue {
        var object = described
        object["hash"] = .string(hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        return .object(object)
    }

    /// The part that may be shown.
    package var described: JSONObject {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "right": .string(right.rawValue),
            "created": .string(UTCTime.text(created)),
        ]
        if let expires { object["expires"] = .string(UTCTime.text(expires)) }
        if let patterns = scope.patterns { object["only"] = .array(patterns.map { .string($0.description) }) }
        return object
    }

    /// Reads the form of `json`; nil if it is anything else.
    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, let name = json["name"]?.string,
            let right = json["right"]?.string.flatMap(Right.init(rawValue:)), right != .none,
            let created = json["created"]?.string.flatMap(ISOTime.seconds),
            let hash = json["hash"]?.string.flatMap(Self.bytes), hash.count == 32
        else { return nil }
        var patterns: [RunIDGlob] = []
        // A limit that cannot be read must not be dropped.
        if let only = json["only"] {
            guard let texts = only.array, !texts.isEmpty else { return nil }
            for text in texts {
                guard let pattern = text.string.flatMap({ RunIDGlob($0) }) else { return nil }
                patterns.append(pattern)
            }
        }
        if let text = json["expires"] {
            guard let seconds = text.string.flatMap(ISOTime.seconds) else { return nil }
            expires = seconds
        } else {
            expires = nil
        }
        (self.id, self.name, self.right, self.created, self.hash) = (id, name, right, created, hash)
        scope = RunScope(patterns)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
    }
}
