import RunMetadata
import Testing

@Suite struct UnifiedDiffTests {
    private func diff(_ old: String, _ new: String, edits: Int = 3000) -> String {
        UnifiedDiff(from: Array(old.utf8), to: Array(new.utf8), edits: edits).hunks
    }

    /// Each as GNU diff -u writes it.
    @Test(arguments: [
        ("", "", ""),
        ("a\n", "a\n", ""),
        ("", "a\n", "@@ -0,0 +1 @@\n+a\n"),
        ("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"),
        ("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ("1\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", "@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n"),
        (
            "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\nx\n4\n5\n6\n7\n8\n9\nz\n",
            "@@ -1,9 +1,10 @@\n 1\n 2\n-3\n+x\n 4\n 5\n 6\n 7\n 8\n 9\n+z\n"
        ),
        (
            "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\nb\nc\n",
            "@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n@@ -7,3 +6,4 @@\n 6\n 7\n b\n+c\n"
        ),
    ])
    func differencesAreUnified(old: String, new: String, expected: String) { #expect(diff(old, new) == expected) }

    @Test func whatWouldTakeTooMuchIsReplacedWhole() {
        let diff = UnifiedDiff(from: Array("s\na\nx\nb\n".utf8), to: Array("s\nc\nx\nd\n".utf8), edits: 3)
        #expect(diff.isCoarse)
        #expect(diff.hunks == "@@ -1,4 +1,4 @@\n s\n-a\n-x\n-b\n+c\n+x\n+d\n")
    }

    /// Fails when the bound is on the length of the texts: only what differs costs.
    @Test func aLongTextWithFewChangesIsComparedLineByLine() {
        let lines = (1...20_000).map { "\($0)\n" }
        let changed = lines.enumerated().map { $0.offset % 5000 == 10 ? "changed\n" : $0.element }
        let diff = UnifiedDiff(from: Array(lines.joined().utf8), to: Array(changed.joined().utf8))
        #expect(!diff.isCoarse)
        #expect(diff.hunks.split(separator: "\n").count { $0.hasPrefix("+") } == 4)
    }
}
