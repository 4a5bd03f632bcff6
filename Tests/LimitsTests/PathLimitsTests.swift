import Limits
import Testing

@Suite struct PathLimitsTests {
    @Test(arguments: [
        "a", String(repeating: "a/", count: 99) + "a", String(repeating: "n", count: 255),
        (0..<16).map { _ in String(repeating: "p", count: 255) }.joined(separator: "/"),
    ])
    func pathWithinTheLimitsIsTaken(path: String) { #expect(PathLimits.file.excess(of: path.utf8) == nil) }

    @Test(arguments: [
        (String(repeating: "a/", count: 100) + "a", "is over 100 levels deep"),
        (String(repeating: "/", count: 1_000_000), "is over 100 levels deep"),
        (String(repeating: "n", count: 256), "has a name over 255 bytes"),
        (String(repeating: "n", count: 10_000_000), "has a name over 255 bytes"),
        ((0..<17).map { _ in String(repeating: "p", count: 250) }.joined(separator: "/"), "is over 4095 bytes"),
    ])
    func pathThatIsTooMuchSaysWhy(path: String, why: String) { #expect(PathLimits.file.excess(of: path.utf8) == why) }

    @Test func aPathInAnArchiveMayHaveAFolderMore() {
        let path = String(repeating: "a/", count: 100) + "a"
        #expect(PathLimits.archived.excess(of: path.utf8) == nil)
        #expect(PathLimits.archived.excess(of: "a/\(path)".utf8) == "is over 101 levels deep")
    }
}
