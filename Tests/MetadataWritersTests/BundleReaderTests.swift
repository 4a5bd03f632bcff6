import DirectoryStore
import Glibc
import Limits
import LocalFiles
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import DirectoryStore
@testable import MetadataWriters

/// What is brought in from elsewhere, and what is not.
@Suite struct BundleReaderTests {
    private let folder = TemporaryFolder()
    private var budget: Budget { Budget([Limit(.bytes, most: 1000), Limit(.entries, most: 20)]) }

    init() { setlocale(LC_CTYPE, "C.UTF-8") }

    private func unpack(_ entries: [TestArchive.Entry]) throws {
        let bytes = TestArchive.gzip(TestArchive.tar(entries))
        let file = try #require(fopen("\(folder.path)/b.tar.gz", "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        let run = try BundleReader.unpack("\(folder.path)/b.tar.gz", budget: budget) {
            try RunImport(of: #require(RunID($0)), into: "\(folder.path)/runs")
        }
        _ = try run.finish(in: .initialised)
    }

    private func copy(_ name: String) throws {
        let id = try #require(RunID(name))
        let run = try RunImport(of: id, into: "\(folder.path)/runs")
        try BundleReader.copy(
            try DirectoryBundle(directory: "\(folder.path)/\(name)", as: id), into: run, budget: budget)
        _ = try run.finish(in: .initialised)
    }

    private var staged: [String] { (try? Files.names(in: "\(folder.path)/runs/.rundir/import")) ?? ["unreadable"] }

    @Test func aBundleIsUnpacked() throws {
        try unpack([.folder("./z/"), .file("./z/tfruns.d/flags.json", "{}"), .folder("z/empty"), .file("z/a/b", "x")])
        #expect(folder.text("runs/z/tfruns.d/flags.json") == "{}")
        #expect(folder.text("runs/z/a/b") == "x")
        #expect(folder.exists("runs/z/empty"))
        #expect(Files.status("\(folder.path)/runs/z/a/b")?.st_mtim.tv_sec == 1_795_512_600)
        #expect(staged.isEmpty)
    }

    @Test func namesInABundleAreKeptAsTheyAre() throws {
        let names = ["e\u{301}", "\u{e9}"]
        try unpack(
            [.file("z/tfruns.d/flags.json", "{}")]
                + names.flatMap { [TestArchive.Entry.pax([("path", "z/\($0)")]), .file("pax-name", $0)] })
        for name in names {
            #expect(folder.text("runs/z/\(name)").map { Array($0.utf8) } == Array(name.utf8))
        }
    }

    /// Fails when one of these leaves anything behind.
    @Test(arguments: [
        [TestArchive.Entry.file("z/tfruns.d/a"), .file("z/../../evil")], [.file("z/tfruns.d/a"), .file("/z/b")],
        [.file("z/tfruns.d/a"), .file("z/tfruns.d/a")], [.file("z/tfruns.d/a"), .file("y/b")],
        [.file("z/tfruns.d/a"), TestArchive.Entry(name: "z/link", type: "2", link: "/etc/passwd")],
        [.file("z/tfruns.d/a"), TestArchive.Entry(name: "z/hard", type: "1", link: "z/tfruns.d/a")],
        [.file("z/tfruns.d/a"), TestArchive.Entry(name: "z/fifo", type: "6")], [.file("z/a")], [.file("tfruns.d")],
        [.file("z")], [],
    ])
    func aBundleThatIsNoneLeavesNothing(_ entries: [TestArchive.Entry]) throws {
        #expect(throws: (any Error).self) { try unpack(entries) }
        #expect(!folder.exists("runs/z"))
        #expect(!folder.exists("evil"))
        #expect(staged.isEmpty)
    }

    @Test(arguments: [
        [TestArchive.Entry.file("z/tfruns.d/a"), .oldSparse("z/big", size: 8_000_000_000)],
        [.file("z/tfruns.d/a"), .file("z/big", String(repeating: "x", count: 1000))],
        [.file("z/tfruns.d/a")] + (0..<20).map { .file("z/\($0)") },
    ])
    func aBundleOverItsBudgetLeavesNothing(_ entries: [TestArchive.Entry]) throws {
        let fault = #expect(throws: MetadataFault.self) { try unpack(entries) }
        #expect(fault?.kind == .exceeded)
        #expect(!folder.exists("runs/z"))
        #expect(staged.isEmpty)
    }

    @Test func aDirectoryOverItsBudgetLeavesNothing() throws {
        folder.write("z/tfruns.d/flags.json", "{}")
        folder.write("z/big", String(repeating: "x", count: 1001))
        let fault = #expect(throws: MetadataFault.self) { try copy("z") }
        #expect(fault?.kind == .exceeded && fault?.detail.contains("big") == true)
        #expect(!folder.exists("runs/z"))
        #expect(staged.isEmpty)
    }

    @Test func aDirectoryIsCopied() throws {
        folder.write("z/tfruns.d/flags.json", "{}")
        folder.write("z/model.pt", "weights")
        symlink("model.pt", "\(folder.path)/z/latest.pt")
        try copy("z")
        #expect(folder.text("runs/z/tfruns.d/flags.json") == "{}")
        #expect(folder.text("runs/z/latest.pt") == "weights")
        #expect(throws: RunImport.Refusal.self) { try copy("z") }
    }

    @Test(arguments: ["/etc/passwd", "..", "nothing"])
    func aDirectoryWithALinkThatLeadsOutIsRefused(_ target: String) throws {
        folder.write("z/tfruns.d/flags.json", "{}")
        symlink(target, "\(folder.path)/z/link")
        #expect(throws: StoreError.self) { try copy("z") }
        #expect(!folder.exists("runs/z"))
        #expect(staged.isEmpty)
    }

    @Test(arguments: ["archive/z", ".rundir/pending/z", "z"])
    func anIdThatIsTakenIsRefused(_ place: String) throws {
        folder.write("runs/\(place)/tfruns.d/flags.json", "old")
        #expect(throws: RunImport.Refusal.self) { try unpack([.file("z/tfruns.d/flags.json", "new")]) }
        #expect(folder.text("runs/\(place)/tfruns.d/flags.json") == "old")
        #expect(staged.isEmpty)
    }

    /// What a killed import left goes; what another one is at does not.
    @Test func whatImportsLeftIsRemoved() throws {
        folder.write("runs/.rundir/import/1-1/tfruns.d/x", "")
        let other = try RunImport(of: #require(RunID("y")), into: "\(folder.path)/runs")
        #expect(staged.count == 1)
        try other.addFile("tfruns.d/flags.json", mode: 0o644, modified: 0) { _ in }
        try unpack([.file("z/tfruns.d/a")])
        _ = try other.finish(in: .initialised)
        #expect(folder.exists("runs/y/tfruns.d/flags.json"))
    }
}
