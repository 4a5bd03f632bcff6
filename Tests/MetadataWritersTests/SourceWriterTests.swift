import Foundation
import TestSupport
import Testing

@testable import MetadataWriters

/// Source as an archive or as files.
@Suite struct SourceWriterTests {
    private let fixture = SourceFixture.make()

    @Test func gzippedTarBelowSourceIsKeptByteForByte() throws {
        let archive = TestArchive.gzip(
            TestArchive.tar([.folder("source/"), .file("source/train.py", "print()\n"), .file("source/lib/net.py")]))
        let source = try fixture.take(archive)
        #expect(source.bytes == archive)
        #expect(source.script == "train.py")
    }

    @Test(arguments: ["tar", "tar.gz", "zip"])
    func filesOfAnyArchiveArePutBelowSource(kind: String) throws {
        let entries: [TestArchive.Entry] = [.file("train.py", "print()\n"), .file("lib/net.py", "net = None\n")]
        let archive =
            switch kind {
            case "tar": TestArchive.tar(entries)
            case "tar.gz": TestArchive.gzip(TestArchive.tar(entries))
            default: TestArchive.zip(entries)
            }
        let source = try fixture.take(archive)
        #expect(try source.files == ["source/train.py 644 print()\n", "source/lib/net.py 644 net = None\n"])
        #expect(source.script == "train.py")
    }

    @Test(arguments: ["tar", "zip"])
    func archiveBelowSourceThatIsNoGzippedTarIsPackedAnewWithoutAPrefix(kind: String) throws {
        let entries: [TestArchive.Entry] = [.file("source/a.py")]
        let archive = kind == "tar" ? TestArchive.tar(entries) : TestArchive.zip(entries)
        #expect(try fixture.take(archive).files == ["source/a.py 644 x\n"])
    }

    @Test func oneFileOutsideOfSourceMeansThatAllGetThePrefix() throws {
        let archive = TestArchive.gzip(TestArchive.tar([.file("source/a.py"), .file("b.py")]))
        let source = try fixture.take(archive)
        #expect(try source.files == ["source/source/a.py 644 x\n", "source/b.py 644 x\n"])
        #expect(source.script == "b.py")
    }

    @Test func namesThatBeginWithADotSlashLoseIt() throws {
        let archive = TestArchive.tar([.folder("./"), .file("./train.py"), .folder("./lib/"), .file("./lib/./a.py")])
        #expect(try fixture.take(archive).files == ["source/train.py 644 x\n", "source/lib/a.py 644 x\n"])
    }

    /// Names that Unicode calls equal are two.
    @Test func namesInPaxHeadersAreKeptAsTheyAre() throws {
        let names = ["re\u{301}seau.py", "r\u{e9}seau.py"]
        let entries = names.flatMap { [TestArchive.Entry.pax([("path", $0)]), .file("pax-name")] }
        for archive in [TestArchive.tar(entries), TestArchive.gzip(TestArchive.tar(entries))] {
            let files = try fixture.take(archive).files
            #expect(files.map { Array($0.utf8) } == names.map { Array("source/\($0) 644 x\n".utf8) })
        }
    }

    @Test func modeOfAFileIsKept() throws {
        var script = TestArchive.Entry.file("run.sh")
        script.mode = "0000755"
        #expect(try fixture.take(TestArchive.tar([script])).files == ["source/run.sh 755 x\n"])
    }

    @Test(arguments: [100, 511, 4096, 1 << 20])
    func archiveThatIsLookedAtWhileItComesIsTakenJustTheSame(pieces: Int) throws {
        let content = String(repeating: "0123456789abcdef", count: 2000)
        let below = TestArchive.gzip(TestArchive.tar([.file("source/a.py", content), .file("source/b.py")]))
        #expect(try fixture.takeArriving(below, pieces: pieces).bytes == below)
        let other = TestArchive.gzip(TestArchive.tar([.file("a.py", content)]))
        #expect(try fixture.takeArriving(other, pieces: pieces).files == ["source/a.py 644 \(content)"])
        let zip = TestArchive.zip([.file("a.py", content)])
        #expect(try fixture.takeArriving(zip, pieces: pieces).files == ["source/a.py 644 \(content)"])
    }

    @Test func emptyAndLargeFilesAreKept() throws {
        let large = String(repeating: "0123456789abcdef", count: 20_000)
        let source = try fixture.take(TestArchive.zip([.file("empty", ""), .file("large", large)]))
        #expect(try source.files == ["source/empty 644 ", "source/large 644 \(large)"])
    }

    @Test func whatTarItselfPacksIsTaken() throws {
        let long = String(repeating: "long", count: 40)
        let archive = try Self.packedByTar(["train.py", "lib/\(long)/net.py"])
        #expect(
            try fixture.take(archive).files.sorted() == [
                "source/lib/\(long)/net.py 644 x\n", "source/train.py 644 x\n",
            ])
    }

    @Test func shortNamesBeyondASCIIAreKept() throws {
        let source = try fixture.take(TestArchive.tar([.file("modèle/ä.py"), .file("train.py")]))
        #expect(try source.files == ["source/modèle/ä.py 644 x\n", "source/train.py 644 x\n"])
        let zipped = try fixture.take(TestArchive.zip([.file("modèle/ä.py"), .file("train.py")]))
        #expect(try zipped.files == ["source/modèle/ä.py 644 x\n", "source/train.py 644 x\n"])
    }

    @Test func longNamesBeyondASCIIAreKept() throws {
        let name = "lib/\(String(repeating: "long", count: 40))/ä.py"
        #expect(try fixture.take(Self.packedByTar([name])).files == ["source/\(name) 644 x\n", "source/ä.py 644 x\n"])
    }

    @Test func namesThatAreNotUTF8AreMendedRatherThanRefused() throws {
        var entry = TestArchive.Entry.file("")
        entry.rawName = Array("mod".utf8) + [0xE8] + Array("le.py".utf8)
        #expect(try fixture.take(TestArchive.tar([entry])).files == ["source/mod\u{FFFD}le.py 644 x\n"])
    }

    /// A tar.gz that the system's tar(1) makes of files that hold `x` and a newline.
    static func packedByTar(_ names: [String]) throws -> [UInt8] {
        let folder = TemporaryFolder()
        for name in names { folder.write("project/\(name)", "x\n") }
        let tar = Process()
        tar.executableURL = URL(filePath: "/usr/bin/env")
        tar.arguments = ["tar", "-c", "-z", "-f", "\(folder.path)/a.tar.gz", "-C", "\(folder.path)/project", "."]
        try tar.run()
        tar.waitUntilExit()
        return try #require(folder.read("a.tar.gz"))
    }

    @Test func filesOfAFormArePacked() throws {
        let files = try [("train.py", "print()\n"), ("lib/net.py", "x\n"), ("./a.txt", "")].map { name, content in
            UploadedFile(name: name, file: try fixture.staged(Array(content.utf8)))
        }
        let source = try fixture.take(.files(files))
        #expect(
            try source.files
                == ["source/train.py 644 print()\n", "source/lib/net.py 644 x\n", "source/a.txt 644 "])
        #expect(source.script == "train.py")
    }

    @Test func theSameFilesMakeTheSameBytes() throws {
        let archive = TestArchive.zip([.file("a.py"), .file("b.py")])
        let one = try fixture.take(archive)
        let other = try fixture.take(archive)
        #expect(one.bytes != nil && one.bytes == other.bytes)
    }

    @Test(
        arguments: [
            (["a.R"], "a.R"), (["z.py", "train.R"], "train.R"), (["main.py", "train.py"], "train.py"),
            (["main.py", "a.py"], "main.py"), (["b.py", "a.py"], "a.py"),
            (["lib/train.py", "main.py"], "lib/train.py"),
            (["a/train.py", "train.py"], "train.py"), (["b/c/train.R", "b/train.py", "a/d/train.py"], "b/train.py"),
            (["training.py", "b.py"], "b.py"), (["train", "a.py"], "a.py"),
            (["README", "lib/main.R", "a.R"], "lib/main.R"),
            (["b", "a/z"], "a/z"),
        ])
    func scriptIsChosenByName(files: [String], script: String) {
        #expect(SourceWriter.script(among: files) == script)
        #expect(SourceWriter.script(among: files.reversed()) == script)
    }
}
