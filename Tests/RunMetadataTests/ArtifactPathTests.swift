import RunMetadata
import Testing

@Suite struct ArtifactPathTests {
    @Test(arguments: ["model.bin", "a/b/c.txt", "größe/模型.pt", " ", "...", ".hidden", "a\\b", "tfruns.d/flags.json"])
    func pathsAreTaken(_ text: String) { #expect(ArtifactPath(text)?.description == text) }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\u{0}", "a\nb", "a\u{7F}", "a\u{85}",
        String(repeating: "x", count: 256),
        (1...40).map { _ in String(repeating: "x", count: 110) }.joined(separator: "/"),
    ])
    func whatIsNoPathIsRefused(_ text: String) { #expect(ArtifactPath(text) == nil) }

    /// A combining character joins the "/" before it to one Character; to a file system it is a "/" all the same.
    @Test func aSlashIsOneWhateverFollowsIt() {
        #expect(ArtifactPath("a/\u{301}b")?.components.count == 2)
        #expect(ArtifactPath(components: ["a/\u{301}b"]) == nil)
        #expect(ArtifactPath("a/../\u{301}") == nil)
    }

    @Test func namesThatUnicodeTakesForOneAreTwo() {
        #expect(ArtifactPath("caf\u{E9}") != ArtifactPath("cafe\u{301}"))
    }

    @Test func theDataDirectoryIsMetadata() throws {
        #expect(try #require(ArtifactPath("tfruns.d")).isMetadata)
        #expect(try #require(ArtifactPath("tfruns.d/properties/a")).dataPath == DataPath("properties/a"))
        #expect(try !#require(ArtifactPath("tfruns.dx/a")).isMetadata)
        #expect(try !#require(ArtifactPath("a/tfruns.d")).isMetadata)
    }
}
