import Limits
import Testing

@Suite struct ShownTextTests {
    @Test(
        arguments: [
            ("plain, ä, 😀, \\n", "plain, ä, 😀, \\n"), ("", ""), ("Grüße 日本 👩‍👩‍👧", "Grüße 日本 👩‍👩‍👧"),
            ("\u{0}\u{1b}\u{1f}\u{7f}", #"\x00\x1B\x1F\x7F"#),
            ("\r\n\t", #"\r\n\t"#), ("\u{80}\u{9b}\u{9f}\u{a0}", "\\u{80}\\u{9B}\\u{9F}\u{a0}"),
            ("\u{202a}\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}", #"\u{202A}\u{202E}\u{2066}\u{2069}\u{200F}\u{61C}"#),
            ("a\u{2028}b\u{2029}c\u{85}", #"a\u{2028}b\u{2029}c\u{85}"#),
        ])
    func whatHasAnEffectIsEscaped(text: String, shown: String) { #expect(text.shown() == shown) }

    @Test func ofManyNamesTheFirstAreTold() {
        #expect([String]().listed() == "")
        #expect(["a", "b\n"].listed(atMost: 2) == #"a, b\n"#)
        #expect((1...9).map { "n\($0)" }.listed(atMost: 2) == "n1, n2 and 7 more")
        let long = (0..<100_000).map { _ in String(repeating: "x", count: 1000) }
        #expect(long.listed().utf8.count < 1200)
    }

    @Test func longTextIsCutFromItsMiddle() {
        #expect("abcdefghijklmnopqrst".shown(atMost: 15) == "abcde … pqrst")
        #expect("abcdefghijklmno".shown(atMost: 15) == "abcdefghijklmno")
        for limit in 20...30 {
            let text = String(repeating: "é😀\u{1b}", count: 100).shown(atMost: limit)
            #expect(text.utf8.count <= limit && text.contains(" … "))
            #expect(!text.contains("\u{FFFD}"))
        }
    }
}
