import RunMetadata
import Testing

@Suite struct DataPathTests {
    @Test(arguments: [
        "flags.json", "properties/type", "images/first.pbm", "a/b/c/d", ".hidden", "...", "a..b/c", "a b", "é/ü",
        "a\nb",
        String(repeating: "f", count: 255) + "/x",
    ])
    func aPathOfSafeComponentsIsTakenAsItIs(_ text: String) {
        #expect(DataPath(text)?.description == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/..", "a/../b", "a/.", "a/./b", "a\u{0}", "\u{0}",
        String(repeating: "f", count: 256),
    ])
    func aPathThatLeavesTheDirectoryOrIsNoneIsRefused(_ text: String) {
        #expect(DataPath(text) == nil)
    }

    /// A slash and the accent behind it are one `Character`, but two bytes on disk are still `../`.
    @Test(arguments: [
        "../\u{301}a", "a/../\u{301}a", "../\u{301}/../\u{301}a", "/\u{301}a", "a//\u{301}b", "./\u{301}a",
    ])
    func aSlashWithACombiningCharacterStillSeparates(_ text: String) {
        #expect(DataPath(text) == nil)
    }

    @Test func aComponentBehindASlashMayStartWithACombiningCharacter() {
        #expect(DataPath("a/\u{301}b") != nil)
        #expect(DataPath(String(repeating: "f", count: 200) + "/\u{301}" + String(repeating: "f", count: 200)) != nil)
    }

    /// No file system takes more (PATH_MAX), and the journal has 16 bits for a path's length.
    @Test func aPathOfOver65535BytesIsRefused() {
        let isTaken = DataPath(String(repeating: "a/", count: 40_000) + "a") != nil
        #expect(!isTaken)
    }

    @Test func namesOnDiskAreThoseOfTfruns() {
        #expect(DataPath.flags.description == "flags.json")
        #expect(DataPath.evaluation.description == "evaluation.json")
        #expect(DataPath.error.description == "error.json")
        #expect(DataPath.metricsFrame.description == "metrics.json")
        #expect(DataPath.metricsRows.description == "metrics.ndjson")
        #expect(DataPath.source.description == "source.tar.gz")
        #expect(DataPath.property(.start).description == "properties/start")
        #expect(RunLayout.dataDirectory == "tfruns.d")
    }

    @Test(arguments: ["type", "learning rate", "é", "\u{301}x", ".hidden"])
    func aPropertyIsFoundFromItsFile(_ text: String) throws {
        let name = try #require(PropertyName(text))
        #expect(DataPath.property(name).property == name)
        #expect(DataPath("properties/\(text)")?.property == name)
    }

    @Test(arguments: ["flags.json", "properties", "properties/a/b", "properties2/a", "x/properties/a"])
    func anotherFileIsNoProperty(_ text: String) throws {
        #expect(try #require(DataPath(text)).property == nil)
    }

    @Test func noRunIDStartsWithTheMarkOfASession() {
        #expect(RunID(RunLayout.sessionMark + "a") == nil)
        #expect(RunID(RunLayout.own) == nil)
        #expect(RunID(RunLayout.archive) == nil)
    }
}
