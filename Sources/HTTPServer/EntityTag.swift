/// Entity tags (RFC 9110 section 8.8.3), as conditions name them.
package enum EntityTags: Equatable, Sendable {
    /// `*`: any representation.
    case any
    /// The tags that are listed.
    case tags([Tag])

    /// One tag. The opaque part has no quotes.
    package struct Tag: Equatable, Sendable {
        package let opaque: String
        package let isWeak: Bool

        package init(opaque: String, isWeak: Bool = false) { (self.opaque, self.isWeak) = (opaque, isWeak) }
    }

    /// Reads the value of `If-Match` or `If-None-Match`; nil if it is malformed.
    package init?(_ value: String) {
        let spaces: Set<UInt8> = [UInt8(ascii: " "), UInt8(ascii: "\t")]
        var rest = value.utf8[...]
        func skip() { rest = rest.drop { spaces.contains($0) } }
        skip()
        if rest.elementsEqual("*".utf8) {
            self = .any
            return
        }
        var tags: [Tag] = []
        while !rest.isEmpty {
            let isWeak = rest.starts(with: "W/".utf8)
            if isWeak { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\""), let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "\"")) else {
                return nil
            }
            let opaque = rest[rest.index(after: rest.startIndex)..<end]
            tags.append(Tag(opaque: String(decoding: opaque, as: UTF8.self), isWeak: isWeak))
            rest = rest[rest.index(after: end)...]
            skip()
            if rest.isEmpty { break }
            guard rest.first == UInt8(ascii: ",") else { return nil }
            rest = rest.dropFirst()
            skip()
        }
        if tags.isEmpty { return nil }
        self = .tags(tags)
    }

    /// Whether they match the current representation, given the opaque part of its strong tag; nil if there is no
    /// representation. `If-Match` compares strongly, `If-None-Match` weakly (RFC 9110 section 8.8.3.2).
    package func matches(_ current: String?, strongly: Bool) -> Bool {
        guard let current else { return false }
        switch self {
        case .any: return true
        case .tags(let tags): return tags.contains { $0.opaque == current && !(strongly && $0.isWeak) }
        }
    }
}
