package import RunMetadata

/// The runs that a token may use: all, or those whose id matches one of some patterns.
package struct RunScope: Sendable, Equatable {
    /// Nil: all runs.
    package let patterns: [RunIDGlob]?

    package static let all = RunScope(patterns: nil)

    private init(patterns: [RunIDGlob]?) { self.patterns = patterns }

    /// - Parameter patterns: empty: all runs
    package init(_ patterns: [RunIDGlob]) { self.patterns = patterns.isEmpty ? nil : patterns }

    package var isLimited: Bool { patterns != nil }

    package func allows(_ run: RunID) -> Bool { allows(run.description) }

    package func allows(_ run: String) -> Bool {
        guard let patterns else { return true }
        return patterns.contains { $0.matches(run) }
    }

    /// An id that one of the patterns allows: `star` for its first star, nothing for others, and `0` for a question
    /// mark.
    /// - Returns: nil if no pattern has a star, or the id becomes too long
    package func id(with star: String) -> RunID? {
        for pattern in patterns ?? [] {
            let text = pattern.description.replacing("?", with: "0")
            let parts = text.split(separator: "*", omittingEmptySubsequences: false)
            guard parts.count > 1 else { continue }
            if let run = RunID("\(parts[0])\(star)\(parts[1...].joined())"), allows(run) { return run }
        }
        return nil
    }

    /// The patterns in words.
    package var words: String { patterns.map { $0.map { "\"\($0)\"" }.joined(separator: ", ") } ?? "all runs" }
}

extension RunQuery {
    /// Finds only the runs of a scope.
    package mutating func keep(to scope: RunScope) {
        if scope.isLimited { isVisible = { scope.allows($0) } }
    }
}

/// A pattern of run ids: `*` matches any characters or none, `?` matches one, all others match themselves.
package struct RunIDGlob: Sendable, Hashable, CustomStringConvertible {
    package let description: String
    private let pattern: [UInt8]

    /// The rule, in words for the person who broke it.
    package static let rule =
        "a pattern is 1 to 128 characters of a run id, or \"*\" for any characters and \"?\" for one, such as team-a-*"

    /// Nil if the text is not a pattern.
    package init?(_ text: String) {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        description = text
        // Several stars in a row are one.
        pattern = text.utf8.reduce(into: []) { if $1 != Self.star || $0.last != Self.star { $0.append($1) } }
    }

    private static let star = UInt8(ascii: "*"), one = UInt8(ascii: "?")

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._-=+@*?".utf8.contains(byte)
        }
    }

    /// Whether a whole text matches. Time grows with the product of both lengths at most: after a mismatch, only the
    /// last star takes one more character.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { text in
            var (at, place) = (0, 0)
            var retry: (at: Int, place: Int)?
            while at < text.count {
                if place < pattern.count, pattern[place] == Self.star {
                    retry = (at, place)
                    place += 1
                } else if place < pattern.count, pattern[place] == Self.one || pattern[place] == text[at] {
                    (at, place) = (at + 1, place + 1)
                } else if let last = retry {
                    retry = (last.at + 1, last.place)
                    (at, place) = (last.at + 1, last.place + 1)
                } else {
                    return false
                }
            }
            return place == pattern.count || (place == pattern.count - 1 && pattern[place] == Self.star)
        }
    }
}
