import RunMetadata
import Testing

@Suite struct RunIDTests {
    static let good = [
        "a", "Z", "0", "2026-11-24T09-30-00Z", "2026-11-24T09-30-00Z-2", "run_1.v2", "a.", "a-", "a_", "a..b",
        "actives",
        "Active", "archive2", "x.active", "lr=0.1", "a+b", "a@b", "a=", String(repeating: "r", count: 128),
    ]
    static let bad = [
        "", ".", "..", ".a", "-a", "_a", "a/b", "/", "a\\b", "a b", " a", "a ", "a\n", "a\u{0}", "a:b", "a%2Fb", "=a",
        "+a",
        "é", "aé",
        "a\u{301}", "１", "a\u{7f}", "active", "archive", "@default", String(repeating: "r", count: 129),
    ]

    @Test(arguments: good)
    func aGoodRunIDIsTakenAsItIs(_ text: String) {
        #expect(RunID(text)?.description == text)
    }

    @Test(arguments: bad)
    func aBadRunIDIsRefused(_ text: String) {
        #expect(RunID(text) == nil)
    }

    @Test func runIDsDifferByCase() {
        #expect(RunID("Run") != RunID("run"))
    }

    @Test(arguments: good + ["active", "archive"])
    func aSessionNameMayBeWhateverARunIDMayAndTheReservedWordsToo(_ text: String) {
        #expect(SessionName(text)?.description == text)
    }

    @Test(arguments: bad.filter { $0 != "active" && $0 != "archive" })
    func aBadSessionNameIsRefused(_ text: String) {
        #expect(SessionName(text) == nil)
    }

    @Test func theSessionOfRequestsThatNameNoneIsDefault() {
        #expect(SessionName.default.description == "default")
    }
}

@Suite struct MetadataTypeTests {
    @Test(arguments: ["a", "flags", "custom-images", "a_b", "a1", "a-", String(repeating: "t", count: 64)])
    func aGoodTypeNameIsTakenAsItIs(_ text: String) {
        #expect(MetadataType(text)?.description == text)
    }

    @Test(arguments: [
        "", "A", "Flags", "1a", "-a", "_a", "a.b", "a/b", "a b", "a\n", "é", "aé", "a\u{301}", "a\u{0}",
        String(repeating: "t", count: 65),
    ])
    func aBadTypeNameIsRefused(_ text: String) {
        #expect(MetadataType(text) == nil)
    }

    @Test(arguments: [
        ("images", "customimages"), ("_images", "custom_images"), ("2", "custom2"), ("", "custom"), ("Images", nil),
        ("a/b", nil),
        (String(repeating: "t", count: 59), nil),
    ])
    func theDeprecatedTypeIsCustomAndTheName(_ text: String, _ type: String?) {
        #expect(MetadataType.deprecatedAlias(text)?.description == type)
    }
}

@Suite struct PropertyNameTests {
    @Test(arguments: [
        "a", "loss_function", "learning rate", "a.b", "...", ".hidden", "é", "\u{301}x", "名前", "🙂", "a\\b", "%2F", "-",
        "@",
        String(repeating: "p", count: 255), String(repeating: "é", count: 127),
    ])
    func aGoodPropertyNameIsTakenAsItIs(_ text: String) {
        #expect(PropertyName(text)?.description == text)
    }

    @Test(arguments: [
        "", ".", "..", "/", "a/b", "a/", "/a", "a/\u{301}b", "a\u{0}", "a\nb", "a\tb", "a\r\n", "\u{1b}[0m", "\u{7f}",
        "\u{85}",
        String(repeating: "p", count: 256), String(repeating: "é", count: 128),
    ])
    func aBadPropertyNameIsRefused(_ text: String) {
        #expect(PropertyName(text) == nil)
    }
}
