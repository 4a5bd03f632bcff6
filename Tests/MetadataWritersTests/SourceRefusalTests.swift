import LocalFiles
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import MetadataWriters

/// Source that is refused.
@Suite struct SourceRefusalTests {
    private let fixture = SourceFixture.make()

    @Test(
        arguments: [
            (TestArchive.Entry.file("/etc/passwd"), "\"/etc/passwd\" is absolute"),
            (.file("../a.py"), "\"../a.py\" leads outside by \"..\""), (.file("lib/../../a.py"), "leads outside"),
            (.file("source/../../a.py"), "leads outside"), (.folder("../lib/"), "leads outside"),
            // A combining character makes another Character of the slash before it, not another path.
            (.file("../\u{301}a.py"), "leads outside"), (.file("lib/../../\u{301}a.py"), "leads outside"),
            (.file("/\u{301}a.py"), "absolute"), (.folder("/lib/"), "absolute"),
            (.file("a\nb.py"), "not a file name"),
            (TestArchive.Entry(name: "a.py", type: "2", link: "/etc/passwd"), "\"a.py\" is a link"),
            (TestArchive.Entry(name: "a.py", type: "2", link: "b.py"), "\"a.py\" is a link"),
            (TestArchive.Entry(name: "a.py", type: "1", link: "good.py"), "\"a.py\" is a link"),
            (TestArchive.Entry(name: "a.py", type: "3"), "\"a.py\" is a link, device"),
            (TestArchive.Entry(name: "a.py", type: "4"), "\"a.py\" is a link, device"),
            (TestArchive.Entry(name: "a.py", type: "6"), "\"a.py\" is a link, device"),
            (.file("good.py"), "\"good.py\" is there twice"), (.file("./good.py"), "\"good.py\" is there twice"),
            (.folder("good.py"), "\"good.py\" is there twice"),
        ])
    func entryThatCouldDoHarmIsNamed(entry: TestArchive.Entry, detail: String) throws {
        for isGzipped in [false, true] {
            let tar = TestArchive.tar([.file("good.py"), entry])
            try expectRefusal(isGzipped ? TestArchive.gzip(tar) : tar, detail)
        }
    }

    @Test func linkInAZipIsNamed() throws {
        let link = TestArchive.Entry(name: "a.py", content: "/etc/passwd", type: "2")
        try expectRefusal(TestArchive.zip([.file("good.py"), link]), "\"a.py\" is a link")
        try expectRefusal(TestArchive.zip([.file("../a.py")]), "leads outside")
    }

    @Test(
        arguments: [
            ("no archive at all, but long enough to be looked at", "not a valid tar, tar.gz or zip"), ("", "source: "),
            ("PK", "not a valid tar, tar.gz or zip"), ("\u{1F}\u{8B}", "source: "),
        ])
    func whatIsNoArchiveIsRefused(text: String, detail: String) throws {
        try expectRefusal(Array(text.utf8), detail)
    }

    @Test func archiveWithoutAFileIsRefused() throws {
        try expectRefusal(TestArchive.tar([]), "source: ")
        try expectRefusal(TestArchive.tar([.folder("lib/")]), "has no file")
        try expectRefusal(TestArchive.zip([]), "source: ")
    }

    @Test func archiveThatIsCutShortIsRefused() throws {
        let content = String(repeating: "0123456789abcdef", count: 1000)
        let tar = TestArchive.tar([.file("source/a.py"), .file("source/b.py", content)])
        for archive in [tar, TestArchive.gzip(tar), TestArchive.zip([.file("a.py"), .file("b.py", content)])] {
            for count in [100, 700, 1600, 9000] {
                try expectRefusal(Array(archive.prefix(count)), "source: ")
            }
        }
        try expectRefusal(TestArchive.gzip(tar).dropLast(9), "source: ")
    }

    @Test func archiveIsRefusedJustTheSameWhereItIsLookedAtWhileItComes() throws {
        let tar = TestArchive.tar([.file("source/a.py"), .file("../b.py", String(repeating: "x", count: 5000))])
        let fault = #expect(throws: MetadataFault.self) {
            _ = try fixture.takeArriving(TestArchive.gzip(tar), pieces: 600)
        }
        #expect(fault?.detail.contains("leads outside") == true)
        let cut = Array(TestArchive.gzip(TestArchive.tar([.file("source/a.py")])).prefix(700))
        #expect(throws: MetadataFault.self) { _ = try fixture.takeArriving(cut, pieces: 100) }
    }

    @Test func archiveThatIsAbandonedMidwayIsNoLongerLookedAt() throws {
        let file = try fixture.staged([])
        let archive = TestArchive.gzip(TestArchive.tar([.file("source/a.py")]))
        let reception = fixture.writer.receive(file, beginning: archive)
        try archive.prefix(600).withUnsafeBytes { try file.write($0) }
        file.end(isAbandoned: true)
        #expect(throws: MetadataFault.self) {
            _ = try fixture.writer.changes(from: .archive(file, reception), for: WriteRequest())
        }
    }

    @Test func damagedGzipIsRefused() throws {
        var archive = TestArchive.gzip(TestArchive.tar([.file("source/a.py", "content\n")]))
        archive[10 + 5 + 512] ^= 1
        try expectRefusal(archive, "source: ")
    }

    @Test func moreBytesThanTheLimitAreRefusedWithTheName() throws {
        let fixture = SourceFixture.make(bytes: 10)
        let five: [TestArchive.Entry] = [.file("a", "12345"), .file("b", "12345")]
        #expect(try fixture.take(TestArchive.tar(five)).files.count == 2)
        let eleven = five + [.file("c", "1")]
        for archive in [TestArchive.tar(eleven), TestArchive.gzip(TestArchive.tar(eleven)), TestArchive.zip(eleven)] {
            try expectRefusal(archive, "with \"c\" it is over 10 bytes (--max-upload)", fixture)
        }
        let files = try eleven.map { UploadedFile(name: $0.name, file: try fixture.staged(Array($0.content.utf8))) }
        try expectRefusal(.files(files), "with \"c\" it is over 10 bytes (--max-upload)", fixture)
    }

    @Test func moreEntriesThanTheLimitAreRefusedWithTheName() throws {
        let fixture = SourceFixture.make(entries: 2)
        #expect(try fixture.take(TestArchive.tar([.folder("lib/"), .file("lib/a")])).files.count == 2)
        try expectRefusal(
            TestArchive.tar([.folder("lib/"), .file("lib/a"), .file("lib/b")]),
            "with \"lib/b\" it is over 2 entries (--max-entries)", fixture)
    }

    @Test(
        arguments: [
            ("/etc/passwd", "absolute"), ("../a", "leads outside"), ("../\u{301}a", "leads outside"),
            ("a/../../b", "leads outside"), ("", "not a file name"),
            (".", "not a file name"), ("a\u{1}b", "not a file name"),
        ])
    func fileOfAFormWithSuchANameIsRefused(name: String, detail: String) throws {
        try expectRefusal(.files([UploadedFile(name: name, file: try fixture.staged([1]))]), detail)
    }

    @Test func filesOfAFormThatRepeatANameOrAreNoneAreRefused() throws {
        let files = try ["a.py", "./a.py"].map { UploadedFile(name: $0, file: try fixture.staged([1])) }
        try expectRefusal(.files(files), "\"a.py\" is there twice")
        try expectRefusal(.files([]), "has no file")
    }

    @Test func refusedSourceLeavesNoStagingFile() throws {
        try expectRefusal(TestArchive.tar([.file("a"), .file("../b")]), "leads outside")
        try expectRefusal(.files([UploadedFile(name: "..", file: try fixture.staged([1]))]), "leads outside")
        #expect(!fixture.folder.exists("sent-1") && !fixture.folder.exists("made-2"))
        #expect(
            !fixture.folder.exists("sent-2") && !fixture.folder.exists("made-3") && !fixture.folder.exists("made-4"))
    }

    @Test func otherFormsHoldNoSource() throws {
        try expectRefusal(.ndjson(Array("{}".utf8)), "cannot hold source")
        try expectRefusal(.csv(Array("a".utf8)), "cannot hold source")
    }

    private func expectRefusal(
        _ archive: [UInt8], _ detail: String, _ fixture: SourceFixture? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let fixture = fixture ?? self.fixture
        try expectRefusal(.archive(fixture.staged(archive), nil), detail, fixture, sourceLocation: sourceLocation)
    }

    private func expectRefusal(
        _ body: MetadataBody, _ detail: String, _ fixture: SourceFixture? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let fault = #expect(throws: MetadataFault.self, sourceLocation: sourceLocation) {
            _ = try (fixture ?? self.fixture).take(body)
        }
        #expect(fault?.detail.contains(detail) == true, "\(fault?.detail ?? "")", sourceLocation: sourceLocation)
    }
}
