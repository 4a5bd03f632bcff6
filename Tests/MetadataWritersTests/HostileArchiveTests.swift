import Limits
import LocalFiles
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import MetadataWriters

/// Archives that ask for more than they may have: they are refused by the entry's name before anything is made of them.
@Suite struct HostileArchiveTests {
    private let fixture = SourceFixture.make(bytes: 1 << 20, entries: 100)

    // MARK: Names

    @Test(
        arguments: [
            (String(repeating: "a/", count: 101) + "b", "levels deep"),
            (String(repeating: "d/", count: 30_000) + "b", "levels deep"),
            (String(repeating: "./", count: 200) + "b", "levels deep"),
            (String(repeating: "/", count: 200) + "b", "levels deep"),
            (String(repeating: "n", count: 256), "has a name over 255 bytes"),
            ("lib/" + String(repeating: "é", count: 128), "has a name over 255 bytes"),
            (
                (0..<20).map { _ in String(repeating: "p", count: 250) }.joined(separator: "/"), "is over 4"
            ),
        ])
    func nameThatIsTooDeepOrTooLongIsRefused(name: String, detail: String) throws {
        let tar = TestArchive.tar([.file("good.py"), .pax([("path", name)]), .file("x")])
        for archive in [tar, TestArchive.gzip(tar), TestArchive.zip([.file("good.py"), .file(name)])] {
            try expectRefusal(.archive(fixture.staged(archive), nil), detail)
        }
        try expectRefusal(.files([UploadedFile(name: name, file: fixture.staged([1]))]), detail)
    }

    @Test func nameOfAHundredLevelsIsTaken() throws {
        let name = String(repeating: "a/", count: 99) + "b.py"
        let source = try fixture.take(TestArchive.gzip(TestArchive.tar([.pax([("path", name)]), .file("x")])))
        #expect(try source.files == ["source/\(name) 644 x\n", "source/b.py 644 x\n"])
    }

    @Test func foldersThatOnlyFilesTellOfAreEntries() throws {
        // 3 files with 39 folders each.
        let files = (0..<3).flatMap { file -> [TestArchive.Entry] in
            let name = (0..<40).map { "\(file)-\($0)" }.joined(separator: "/")
            return [.pax([("path", name)]), .file("x")]
        }
        try expectRefusal(.archive(fixture.staged(TestArchive.tar(files)), nil), "over 100 entries (--max-entries)")
    }

    @Test func namesTogetherAreLimited() throws {
        var names = SourceNames(budget: Budget([]))
        let fault = #expect(throws: MetadataFault.self) {
            for number in 0... { try names.add("\(number)-" + String(repeating: "n", count: 240)) }
        }
        #expect(fault?.detail.contains("the names are over 16777216 bytes") == true)
    }

    @Test func namesInMessagesHaveNoControlCharacters() throws {
        let tar = TestArchive.tar([TestArchive.Entry(name: "\u{1B}[31mred\n\u{202E}", type: "2", link: "/etc")])
        let fault = #expect(throws: MetadataFault.self) { _ = try fixture.take(tar) }
        #expect(fault?.detail.contains(#"\x1B[31mred\n\u{202E}"#) == true)
    }

    // MARK: Sizes

    /// Entries that are more than they look.
    static let sizes: [[TestArchive.Entry]] = [
        // pax 1.0, 0.1 and 0.0 (libarchive-formats(5)).
        [
            .pax([
                ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "s"),
                ("GNU.sparse.realsize", "99999999999999"),
            ]), .file("s", "1\n0\n0\n" + String(repeating: "\u{0}", count: 506)),
        ],
        [.pax([("GNU.sparse.size", "9000000000"), ("GNU.sparse.map", "0,3")]), .file("s", "abc")],
        [
            .pax([
                ("GNU.sparse.size", "2000000"), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.offset", "1999997"),
                ("GNU.sparse.numbytes", "3"),
            ]), .file("s", "abc"),
        ],
        // The old GNU type.
        [.oldSparse("s", size: 8_000_000_000)], [.oldSparse("s", size: 1 << 20 | 1)],
        [.pax([("size", "9000000000000000000")]), .file("s", "abc")],
        [.file("good.py", String(repeating: "x", count: 1 << 19)), .oldSparse("s", size: 1 << 19 | 1)],
        // Each has room for itself.
        [.oldSparse("t", size: 1 << 19), .oldSparse("s", size: 1 << 19 | 1)],
    ]

    @Test(arguments: sizes)
    func entryThatUnpacksToTooMuchIsRefusedByName(entries: [TestArchive.Entry]) throws {
        let tar = TestArchive.tar([.file("first.py")] + entries)
        for archive in [tar, TestArchive.gzip(tar)] {
            try expectRefusal(
                .archive(fixture.staged(archive), nil), "with \"s\" it is over 1048576 bytes (--max-upload)")
        }
        // Nobody asks for the content, and it counts all the same.
        let budget = Budget([Limit(.bytes, most: 1 << 20)])
        let file = try fixture.staged(tar)
        #expect(throws: MetadataFault.self) {
            try ArchiveReader.forEachEntry(of: .file(file.path), budget: budget) { _ in }
        }
    }

    @Test func holesOfASparseFileAreRead() throws {
        let tar = TestArchive.tar([.oldSparse("s", size: 200_000)])
        let files = try fixture.take(tar).files
        #expect(files.count == 1)
        #expect(files.first == "source/s 644 abc" + String(repeating: "\u{0}", count: 199_997))
    }

    @Test func holesThatAreReadStopWhenNobodyWaits() throws {
        let tar = try fixture.staged(TestArchive.tar([.oldSparse("s", size: 8_000_000_000)]))
        var asked = 0
        #expect(throws: WriterFailure.stopping) {
            try ArchiveReader.forEachEntry(
                of: .file(tar.path), budget: Budget([]),
                isCancelled: {
                    asked += 1
                    return asked > 10
                }, { try $0.read { _ in } })
        }
    }

    @Test func whatIsReadStopsWhenNobodyWaits() throws {
        let tar = TestArchive.tar([.file("a.py", String(repeating: "x", count: 4 << 20))])
        for archive in [tar, TestArchive.gzip(tar)] {
            let file = try fixture.staged(archive)
            var asked = 0
            #expect(throws: WriterFailure.stopping) {
                try ArchiveReader.forEachEntry(
                    of: .file(file.path), budget: Budget([]),
                    isCancelled: {
                        asked += 1
                        return asked > 5
                    }, { try $0.read { _ in } })
            }
            #expect(asked == 6)
        }
    }

    @Test func whatAGzipHoldsBehindTheEndOfItsTarCounts() throws {
        let tar = TestArchive.tar([.file("source/a.py")])
        let archive = TestArchive.gzip(tar + [UInt8](repeating: 0, count: 3 << 20))
        try expectRefusal(.archive(fixture.staged(archive), nil), "it unpacks to over")
        let short = TestArchive.gzip(tar + [UInt8](repeating: 0, count: 10_240))
        #expect(try fixture.take(short).files.count == 1)
    }

    @Test func directoryOfAZipIsNotReadWithoutEnd() throws {
        let fixture = SourceFixture.make(entries: 10)
        let zip = TestArchive.zip((0..<20_000).map { .file("\($0)-" + String(repeating: "n", count: 100)) })
        try expectRefusal(.archive(fixture.staged(zip), nil), "the headers of its entries", fixture)
    }

    @Test func aSurveyThatFailsIsSeenWhileTheArchiveComes() throws {
        let file = try fixture.staged([])
        let archive = TestArchive.gzip(TestArchive.tar([.oldSparse("s", size: 8_000_000_000)]))
        let reception = try #require(fixture.writer.receive(file, beginning: archive))
        try archive.withUnsafeBytes { try file.write($0) }
        #expect(eventually { reception.failure != nil })
        file.end(isAbandoned: true)
    }

    @Test func onlyAFewArchivesAreLookedAtWhileTheyCome() throws {
        let archive = TestArchive.gzip(TestArchive.tar([.file("source/a.py")]))
        let uploads = try (0..<20).map { _ in
            let file = try fixture.staged([])
            return (file, fixture.writer.receive(file, beginning: archive))
        }
        #expect(uploads.filter { $0.1 != nil }.count == 4)
        // The others are looked at once they are there; none is refused.
        for (file, reception) in uploads {
            try archive.withUnsafeBytes { try file.write($0) }
            file.end()
            #expect(try fixture.take(.archive(file, reception)).script == "a.py")
        }
        #expect(eventually { fixture.writer.receive(uploads[0].0, beginning: archive) != nil })
    }

    private func expectRefusal(
        _ body: MetadataBody, _ detail: String, _ fixture: SourceFixture? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let fault = #expect(throws: MetadataFault.self, sourceLocation: sourceLocation) {
            _ = try (fixture ?? self.fixture).take(body)
        }
        #expect(fault?.kind == .exceeded, sourceLocation: sourceLocation)
        #expect(fault?.detail.contains(detail) == true, "\(fault?.detail ?? "")", sourceLocation: sourceLocation)
    }
}
