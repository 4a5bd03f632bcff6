import CLinux
import Glibc
import LocalFiles
import RunMetadata
import RunStore
import SystemPackage
import TestSupport
import Testing

@testable import DirectoryStore

/// The one handle for what is in a run's directory.
@Suite struct RunDirectoryTests {
    private let folder = TemporaryFolder()
    private let flags = RunPath(.flags)

    init() {
        folder.write("run/tfruns.d/flags.json", "old")
        folder.write("outside/secret", "secret")
    }

    private var data: String { "\(folder.path)/run/tfruns.d" }
    private func open() throws -> RunDirectory { try RunDirectory("\(folder.path)/run") }

    private func staged(_ text: String = "new") -> String {
        folder.write("staged", text)
        return "\(folder.path)/staged"
    }

    @Test func aFileTakesAnothersPlaceAndTheOtherIsKept() throws {
        guard case .exchanged = try open().swap(flags, for: staged()) else {
            _ = Issue.record("not exchanged")
            return
        }
        #expect(folder.text("run/tfruns.d/flags.json") == "new")
        #expect(folder.text("staged") == "old")
    }

    @Test func aFileTakesAPlaceWhereNoneWas() throws {
        guard case .made = try open().swap(RunPath(.evaluation), for: staged()) else {
            _ = Issue.record("not made")
            return
        }
        #expect(folder.text("run/tfruns.d/evaluation.json") == "new")
        #expect(!folder.exists("staged"))
    }

    @Test func whoReadsTheOldFileReadsItToItsEnd() throws {
        let file = try #require(try open().openFile(flags))
        _ = try open().swap(flags, for: staged("newer"))
        let stored = StoredFile(descriptor: file)
        #expect(stored.size == 3)
        #expect(try stored.read() == Array("old".utf8))
    }

    /// What has the place of a file, and the error that writing there has.
    enum Obstacle: CaseIterable {
        case folder, link, dangling, linkedFolder, fileAsFolder

        var code: CInt {
            switch self {
            case .folder: EISDIR
            case .link, .dangling, .linkedFolder: ELOOP
            case .fileAsFolder: ENOTDIR
            }
        }
    }

    private func expect(_ obstacle: Obstacle, of call: () throws -> Void) {
        let failure = #expect(throws: FileFailure.self) { try call() }
        #expect(failure?.errno.rawValue == obstacle.code, "\(String(describing: failure))")
        #expect(failure?.isOfTheRun == true)
    }

    /// Fails when any call follows a link, or takes what is no file for one.
    @Test(arguments: Obstacle.allCases)
    func nothingIsWrittenOverWhatIsNoFileNorThroughLinks(_ obstacle: Obstacle) throws {
        let path = RunPath(try #require(DataPath("place/file")))
        switch obstacle {
        case .folder: folder.write("run/tfruns.d/place/file/inside", "kept")
        case .link:
            Tree.makeDirectory("\(data)/place")
            Tree.link("\(data)/place/file", to: "\(folder.path)/outside/secret")
        case .dangling:
            Tree.makeDirectory("\(data)/place")
            Tree.link("\(data)/place/file", to: "\(folder.path)/outside/made")
        case .linkedFolder: Tree.link("\(data)/place", to: "\(folder.path)/outside")
        case .fileAsFolder: folder.write("run/tfruns.d/place", "kept")
        }
        let directory = try open()
        let staged = staged()
        expect(obstacle) { try directory.prepare(path) }
        expect(obstacle) { _ = try directory.swap(path, for: staged) }
        expect(obstacle) { _ = try directory.place(staged, at: path) }
        expect(obstacle) { close(try directory.openForWriting(path)) }
        #expect(Tree.names("\(folder.path)/outside") == ["secret"])
        #expect(folder.text("outside/secret") == "secret")
        #expect(folder.text("staged") == "new")
    }

    @Test func aLinkIsRemovedAndNotWhatItLeadsTo() throws {
        Tree.link("\(data)/link", to: "\(folder.path)/outside/secret")
        try open().remove(RunPath(try #require(DataPath("link"))))
        #expect(Tree.names(data) == ["flags.json"])
        #expect(folder.text("outside/secret") == "secret")
    }

    @Test func aDirectoryThatIsALinkIsNotOpened() {
        Tree.link("\(folder.path)/link", to: "run")
        #expect(throws: FileFailure.self) { try RunDirectory("\(folder.path)/link") }
    }

    /// Fails when something is found by its path again after the directory was opened.
    @Test func aDirectoryThatIsExchangedForALinkMeanwhileLeadsNowhere() throws {
        let directory = try open()
        Tree.rename("\(folder.path)/run", to: "\(folder.path)/moved")
        folder.write("outside/tfruns.d/flags.json", "theirs")
        Tree.link("\(folder.path)/run", to: "outside")
        _ = try directory.swap(flags, for: staged())
        #expect(folder.text("moved/tfruns.d/flags.json") == "new")
        #expect(folder.text("outside/tfruns.d/flags.json") == "theirs")
    }

    @Test func aFIFOIsNoFileToWriteTo() throws {
        mkfifo("\(data)/metrics.ndjson", 0o600)
        let failure = #expect(throws: FileFailure.self) { try open().openExisting(RunPath(.metricsRows)) }
        #expect(failure?.isPathTaken == true)
        #expect(try open().read(RunPath(.metricsRows)) == nil)
    }

    @Test func aDirectoryIsMergedIntoOneThatIsThere() throws {
        folder.write("from/both/a", "a")
        folder.write("from/file", "new")
        folder.write("from/other/inside", "x")
        folder.write("run/both/b", "b")
        folder.write("run/file", "old")
        Tree.link("\(folder.path)/run/other", to: "\(folder.path)/outside")
        try open().takeAll(from: RunDirectory("\(folder.path)/from"))
        #expect(folder.text("run/both/a") == "a")
        #expect(folder.text("run/both/b") == "b")
        #expect(folder.text("run/file") == "new")
        #expect(folder.text("run/other.1/inside") == "x")
        #expect(Tree.names("\(folder.path)/outside") == ["secret"])
    }

    @Test func aNameWithANumberBehindItIsNoLongerThanNamesMayBe() {
        let name = Array(String(repeating: "é", count: 127).utf8) + [120]
        let numbered = RunDirectory.numbered(name, 12)
        #expect(numbered.count <= 255)
        #expect(String(validating: numbered, as: UTF8.self)?.hasSuffix("é.12") == true)
        #expect(RunDirectory.numbered(Array("a".utf8), 1) == Array("a.1".utf8))
    }

    /// Fails when opening stops at a mount, or a file is copied where it cannot be renamed.
    @Test(.enabled(if: SmallDisk.canBeMade)) func whatIsMountedInADirectoryIsReadAndNothingIsRenamedInto() throws {
        let place = "\(folder.path)/run/models"
        Tree.makeDirectory(place)
        try #require(mount("tmpfs", place, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(place, Int32(MNT_DETACH)) }
        folder.write("run/models/net.pt", "weights")
        let directory = try open()
        let path = RunPath(try #require(ArtifactPath("models/net.pt")))
        #expect(try directory.read(path) == Array("weights".utf8))
        let opened = clinux_open_beneath_by_steps(directory.descriptor, path.description, O_RDONLY)
        #expect(opened >= 0)
        close(opened)
        let failure = #expect(throws: FileFailure.self) { _ = try directory.place(staged(), at: path) }
        #expect(failure?.errno == .improperLink && failure?.isOutOfReach == true)
        #expect(try directory.read(path) == Array("weights".utf8))
    }

    /// On a system without openat2(2), or in a sandbox that does not allow it.
    @Test(arguments: [
        ("tfruns.d/flags.json", 0), ("tfruns.d/none", ENOENT), ("tfruns.d/flags.json/x", ENOTDIR),
        ("link/secret", ELOOP),
        ("file", ELOOP), ("tfruns.d/../../outside/secret", EXDEV), ("/etc/passwd", EXDEV), ("tfruns.d//x", EXDEV),
    ])
    func nameByNameNoLinkIsFollowedEither(path: String, code: CInt) throws {
        Tree.link("\(folder.path)/run/link", to: "\(folder.path)/outside")
        Tree.link("\(folder.path)/run/file", to: "\(folder.path)/outside/secret")
        let directory = try open()
        errno = 0
        let opened = clinux_open_beneath_by_steps(directory.descriptor, path, O_RDONLY)
        #expect(opened >= 0 ? code == 0 : errno == code)
        if opened >= 0 { close(opened) }
    }
}
