import Foundation
import TestSupport
import Testing

@testable import MetadataWriters

/// Source from a directory on the server.
@Suite struct SourceDirectoryTests {
    private let root = TemporaryFolder()

    @Test func filesOfADirectoryBelowARootArePacked() throws {
        root.write("project/train.py", "print()\n")
        root.write("project/lib/net.py", "x\n")
        let source = try take("\(root.path)/project")
        #expect(try source.files == ["source/lib/net.py 644 x\n", "source/train.py 644 print()\n"])
        #expect(source.script == "train.py")
    }

    @Test func rootItselfIsAllowed() throws {
        root.write("a.py", "x\n")
        #expect(try take(root.path).files == ["source/a.py 644 x\n"])
        #expect(try take("\(root.path)/").files == ["source/a.py 644 x\n"])
    }

    @Test func hiddenFilesAndFoldersArePassedOver() throws {
        root.write("a.py", "x\n")
        root.write(".env", "secret\n")
        root.write(".git/config", "x\n")
        root.write("lib/.venv/b.py", "x\n")
        #expect(try take(root.path).files == ["source/a.py 644 x\n"])
    }

    @Test func linkWithinTheRootIsFollowedToAFileAndPassedOverToAFolder() throws {
        root.write("shared/net.py", "net\n")
        root.write("project/train.py", "x\n")
        symlink("../shared/net.py", "\(root.path)/project/net.py")
        symlink("../shared", "\(root.path)/project/shared")
        symlink(".", "\(root.path)/project/loop")
        #expect(try take("\(root.path)/project").files == ["source/net.py 644 net\n", "source/train.py 644 x\n"])
    }

    @Test func specialFilesArePassedOver() throws {
        root.write("a.py", "x\n")
        mkfifo("\(root.path)/pipe", 0o644)
        #expect(try take(root.path).files == ["source/a.py 644 x\n"])
    }

    @Test(arguments: ["/etc/passwd", "../outside/secret", "nowhere"])
    func linkOutOfTheRootIsForbidden(target: String) {
        root.write("outside/secret", "x\n")
        root.write("project/a.py", "x\n")
        symlink(target, "\(root.path)/project/link.py")
        refusal("forbidden", "the link \"link.py\" leads out")
            .check(writer(roots: ["\(root.path)/project"]))
    }

    @Test func directoryOutsideOfTheRootsIsForbidden() {
        let other = TemporaryFolder()
        other.write("a.py", "x\n")
        root.write("project/a.py", "x\n")
        root.write("project-2/a.py", "x\n")
        symlink(other.path, "\(root.path)/project/out")
        let writer = writer(roots: ["\(root.path)/project"])
        let paths = [
            other.path, "/", "/etc", root.path, "\(root.path)/project-2", "\(root.path)/project/..",
            "\(root.path)/project/out", "\(root.path)/project/nowhere",
        ]
        for path in paths { Refusal(body(path), "forbidden", "\"\(path)\" is not a directory within").check(writer) }
    }

    @Test func withoutARootNoDirectoryIsTaken() {
        refusal("forbidden", "start the server with --source-root").check(writer(roots: []))
    }

    @Test func rootThatIsNotThereAllowsNothing() {
        refusal("forbidden", "source: ").check(writer(roots: ["\(root.path)/nowhere"]))
    }

    @Test func whatIsNoDirectoryOrHoldsNothingIsRefused() {
        root.write("file", "x\n")
        root.write("hidden/.file", "x\n")
        let writer = writer(roots: [root.path])
        Refusal(body("\(root.path)/file"), "shape", "is not a directory").check(writer)
        Refusal(body("\(root.path)/hidden"), "shape", "no files that are not hidden").check(writer)
        Refusal(body("relative"), "shape", "\"relative\" is relative").check(writer)
    }

    @Test(
        arguments: [
            Refusal("{}", "shape /directory", "as {\"directory\""),
            Refusal(#"{"directory":1}"#, "shape /directory", "send"),
            Refusal(#"{"directory":"/a","b":1}"#, "shape /directory", "send"),
            Refusal("[]", "shape /", "not a named list"),
            Refusal(#"{"directory":"/a",}"#, "syntax 17", "trailing comma"),
        ])
    func otherJSONIsRefused(refusal: Refusal) { refusal.check(writer(roots: [root.path])) }

    @Test func limitsHoldForDirectoriesToo() {
        root.write("a", "12345")
        root.write("b", "123456")
        refusal("exceeded", "with \"b\" it is over 10 bytes")
            .check(SourceFixture.make(bytes: 10, roots: [root.path]).writer)
        refusal("exceeded", "with \"b\" it is over 1 entries")
            .check(SourceFixture.make(entries: 1, roots: [root.path]).writer)
    }

    private func body(_ path: String) -> String { "{\"directory\":\"\(path)\"}" }

    private func refusal(_ kind: String, _ detail: String) -> Refusal {
        let project = "\(root.path)/project"
        return Refusal(body(root.exists("project") ? project : root.path), kind, detail)
    }

    private func writer(roots: [String]) -> SourceWriter { SourceFixture.make(roots: roots).writer }

    private func take(_ path: String) throws -> SourceFixture.Source {
        try SourceFixture.make(roots: [root.path]).take(.json(Array(body(path).utf8)))
    }
}
