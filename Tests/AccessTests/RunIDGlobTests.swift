import RunMetadata
import Testing

@testable import Access

/// Patterns of run ids, and scopes made of them.
@Suite struct RunIDGlobTests {
    @Test(arguments: [
        ("team-a-*", "team-a-1", true), ("team-a-*", "team-a-", true), ("team-a-*", "team-a", false),
        ("team-a-*", "xteam-a-1", false), ("team-a-*", "team-ab-1", false), ("*", "anything", true), ("*", "", true),
        ("*-lr", "x-lr", true), ("*-lr", "x-lr-2", false), ("a*b*c", "abc", true), ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "acb", false), ("a**c", "abc", true), ("?", "a", true), ("?", "", false), ("a?c", "abc", true),
        ("a?c", "ac", false), ("exact", "exact", true), ("exact", "exact2", false), ("a.b", "axb", false),
        ("A*", "a1", false), ("**", "", true), ("*a", "bab", false), ("a*", "a*", true),
    ])
    func patternMatchesTheWholeID(pattern: String, id: String, matches: Bool) throws {
        #expect(try #require(RunIDGlob(pattern)).matches(id) == matches)
    }

    @Test(arguments: ["", "a b", "a/b", "a[bc]", "a{b,c}", "é*", "a\0", String(repeating: "a", count: 129)])
    func whatNoRunIDHasIsNoPattern(text: String) { #expect(RunIDGlob(text) == nil) }

    /// Many stars cost no more than the product of the lengths.
    @Test func hostilePatternEnds() throws {
        let pattern = try #require(RunIDGlob(String(repeating: "*a", count: 60) + "b"))
        #expect(!pattern.matches(String(repeating: "a", count: 128)))
    }

    @Test func scopeIsAnyOfItsPatterns() throws {
        let scope = RunScope([try #require(RunIDGlob("a-*")), try #require(RunIDGlob("b"))])
        #expect(scope.isLimited && scope.allows("a-1") && scope.allows("b") && !scope.allows("b2"))
        #expect(scope.allows(try #require(RunID("a-1"))))
        #expect(RunScope([]) == .all && !RunScope.all.isLimited && RunScope.all.allows("x"))
    }

    @Test(arguments: [
        (["team-a-*"], "team-a-77"), (["b", "x?-*-*z"], "x0-77-z"), (["*"], "77"), (["b"], nil), (["-*", "?"], nil),
        ([String(repeating: "a", count: 124) + "*bc?"], nil),
    ])
    func idIsOneThatPatternsAllow(patterns: [String], id: String?) throws {
        let scope = RunScope(try patterns.map { try #require(RunIDGlob($0)) })
        #expect(scope.id(with: "77")?.description == id)
        if let id { #expect(scope.allows(id)) }
    }
}
