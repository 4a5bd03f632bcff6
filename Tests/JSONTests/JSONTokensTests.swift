import JSON
import Testing

@Suite struct JSONTokensTests {
    private static let text = #"{"a": [1, -2.50e+1, "x\ny"], "b\u0031": {}, "c": null, "d": true, "e": [false]}"#

    /// Parses ``text`` and lends its tokens.
    private func withTokens<Result>(_ body: (JSONTokens) throws -> Result) throws -> Result {
        try JSONParser().withTokens(of: Array(Self.text.utf8), nonFinite: .refused, baseOffset: 100, body)
    }

    @Test func tokensComeInTheOrderOfTheText() throws {
        let kinds = try withTokens { tokens in (0..<tokens.count).map { tokens.kind(at: $0) } }
        #expect(
            kinds == [
                .objectBegin, .name, .arrayBegin, .number, .number, .string, .arrayEnd, .name, .objectBegin, .objectEnd,
                .name, .null, .name, .true, .name, .arrayBegin, .false, .arrayEnd, .objectEnd,
            ])
    }

    @Test(arguments: [
        (1, "a", #""a""#, 101), (2, #"[1, -2.50e+1, "x\ny"]"#, #"[1, -2.50e+1, "x\ny"]"#, 106),
        (4, "-2.50e+1", "-2.50e+1", 110), (5, "x\ny", #""x\ny""#, 120), (7, "b1", #""b\u0031""#, 129),
        (8, "{}", "{}", 140), (11, "null", "null", 149), (13, "true", "true", 160), (16, "false", "false", 172),
    ])
    func aTokenKnowsItsTextSourceAndOffset(_ index: Int, _ text: String, _ source: String, _ offset: Int) throws {
        try withTokens { tokens in
            #expect(tokens.string(at: index) == text)
            #expect(String(decoding: tokens.source(at: index), as: UTF8.self) == source)
            #expect(tokens.offset(at: index) == offset)
        }
    }

    @Test func onlyTextWithEscapesIsNotVerbatim() throws {
        try withTokens { tokens in
            #expect((0..<tokens.count).filter { !tokens.isVerbatim(at: $0) } == [5, 7])
        }
    }

    @Test func containersKnowTheirCountAndTheirEnd() throws {
        try withTokens { tokens in
            #expect([0, 2, 8, 15, 3].map { tokens.memberCount(at: $0) } == [5, 3, 0, 1, 0])
            #expect([0, 2, 8, 15, 3].map { tokens.next(after: $0) } == [19, 7, 10, 18, 4])
        }
    }

    @Test func aScalarIsADocumentToo() throws {
        for (text, kind) in [("7", JSONToken.number), (#" "s" "#, .string), ("NaN", .nonFinite), ("null", .null)] {
            try JSONParser().withTokens(of: Array(text.utf8), nonFinite: .allowed) { tokens in
                #expect(tokens.count == 1)
                #expect(tokens.kind(at: 0) == kind)
            }
        }
    }
}
