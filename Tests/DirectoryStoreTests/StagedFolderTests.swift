import Glibc
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// What a custom type's writer makes: folders and files that are staged, and rows that are appended.
@Suite struct StagedFolderTests {
    private let harness: DirectoryHarness
    private let images = DataPath("images")!

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one)
    }

    /// Stages a folder with these files and asks for its publication.
    private func stage(_ files: [String: String]) throws -> (folder: StagedFolder, change: DataChange) {
        let staging = try harness.scratch.makeFolder()
        for (name, text) in files {
            var folder = "\(staging.path)/data/images"
            Tree.makeDirectory("\(staging.path)/data")
            Tree.makeDirectory(folder)
            for component in name.split(separator: "/").dropLast() {
                folder += "/\(component)"
                Tree.makeDirectory(folder)
            }
            Tree.write(Array(text.utf8), "\(staging.path)/data/images/\(name)")
        }
        try staging.sync(DataPath("data")!, files.keys.compactMap { DataPath("images/\($0)") })
        let there = try #require(try harness.store.localMetadata(of: .run(.one), in: staging))
        let version = there.version(of: images)
        let folder = try staging.folder(
            DataPath("data/images")!, takingOver: version == nil ? nil : "\(there.path)/images")
        return (folder, .publishFolder(folder, images, over: version))
    }

    private func publish(_ files: [String: String]) throws {
        try harness.store.change(.one, try stage(files).change)
    }

    private var published: [String] {
        Tree.names("\(harness.runs)/one/tfruns.d/images").sorted()
    }

    private var staged: [String] { Tree.names("\(harness.runs)/.rundir/staging") }

    private func text(_ name: String) -> String? { harness.onDisk(DataPath("images/\(name)")!) }

    @Test func folderIsPublishedAsAWhole() throws {
        try publish(["a.png": "a", "deep/b.png": "b"])
        #expect(published == ["a.png", "deep"])
        #expect(text("deep/b.png") == "b")
        #expect(staged.isEmpty)
    }

    @Test func whatWasThereIsTakenOverUnlessItIsMadeAnew() throws {
        try publish(["a.png": "a", "deep/b.png": "b", "deep/c.png": "c"])
        try publish(["deep/b.png": "B", "d.png": "d"])
        #expect(published == ["a.png", "d.png", "deep"])
        #expect([text("a.png"), text("deep/b.png"), text("deep/c.png"), text("d.png")] == ["a", "B", "c", "d"])
        #expect(staged.isEmpty)
    }

    @Test func folderThatSomethingElseChangedMeanwhileIsLeft() throws {
        try publish(["a.png": "a"])
        let late = try stage(["b.png": "b"])
        Tree.write([1], "\(harness.runs)/one/tfruns.d/images/by-hand")
        let write = RunWrite(.run(.one), .change([late.change]))
        #expect(try harness.store.refusal(of: write) == .changedMeanwhile(images))
        #expect(published == ["a.png", "by-hand"])
    }

    @Test func fileInTheFoldersPlaceIsNotLost() throws {
        Tree.write([1], "\(harness.runs)/one/tfruns.d/images")
        let write = RunWrite(.run(.one), .change([try stage(["a": "a"]).change]))
        guard case .unreadable = try harness.store.refusal(of: write) else {
            Issue.record("it was not refused")
            return
        }
        #expect(Tree.read("\(harness.runs)/one/tfruns.d/images") == [1])
    }

    /// Whatever a crash left of the steps, each is done once: what was exchanged is not exchanged back.
    @Test func publicationsAreNotUndoneByDoingThemAgain() throws {
        try publish(["a.png": "1"])
        try publish(["a.png": "2"])
        try publish(["a.png": "3", "b.png": "3"])
        try harness.crash()
        #expect(text("a.png") == "3")
        #expect(published == ["a.png", "b.png"])
        try harness.crash()
        #expect(text("a.png") == "3")
    }

    @Test func publicationThatWasJournaledAndNotDoneIsDone() throws {
        try publish(["a.png": "1"])
        let folder = try stage(["a.png": "2"]).folder
        // The frame of the publication, as a crash right after the sync leaves it.
        let frame = JournalText.frame(
            1, [[RedoRecord("one", .publishFolder("images", staged: folder.name, inode: folder.inode))]])
        try withExtendedLifetime(folder) { try harness.putBack(["0000000000000001": frame]) }
        #expect(text("a.png") == "2")
    }

    @Test func pendingRunKeepsTheFolder() throws {
        try harness.store.change(.two, .publishFolder(try stageForNew(), images, over: nil))
        #expect(!Tree.names(harness.runs).contains("two"))
        try harness.store.initialise(.two)
        #expect(harness.onDisk(DataPath("images/a.png")!, of: .two) == "a")
    }

    private func stageForNew() throws -> StagedFolder {
        let staging = try harness.scratch.makeFolder()
        for folder in ["data", "data/images"] { Tree.makeDirectory("\(staging.path)/\(folder)") }
        Tree.write(Array("a".utf8), "\(staging.path)/data/images/a.png")
        try staging.sync(DataPath("data")!, [DataPath("images/a.png")!])
        return try staging.folder(DataPath("data/images")!, takingOver: nil)
    }

    // MARK: Rows

    @Test func rowsAreAppendedBehindOneHeadAndAreThereOnceAfterACrash() throws {
        let log = DataPath("log.csv")!
        for row in ["1\n", "2\n", "3\n"] {
            try harness.store.change(.one, .append(log, head: Array("n\n".utf8), Array(row.utf8)))
        }
        #expect(harness.onDisk(log) == "n\n1\n2\n3\n")
        try harness.crash { Tree.write(Array("n\n1\n2".utf8), harness.path(log)) }
        #expect(harness.onDisk(log) == "n\n1\n2\n3\n")
    }

    // MARK: Staging folders

    @Test func stagingFolderIsRemovedHoweverDeepItIs() throws {
        var staging: StagingFolder? = try harness.scratch.makeFolder()
        let path = try #require(staging?.path)
        // Deeper than a path can be long (PATH_MAX), as a program makes it that changes its directory as it goes.
        var directory = open(path, O_RDONLY | O_DIRECTORY)
        let name = String(repeating: "d", count: 200)
        for _ in 0..<50 {
            mkdirat(directory, name, 0o700)
            let next = openat(directory, name, O_RDONLY | O_DIRECTORY)
            close(directory)
            directory = next
        }
        close(openat(directory, "file", O_CREAT | O_WRONLY, 0o600))
        close(directory)
        chmod("\(path)/\(name)", 0)
        staging = nil
        #expect(staged.isEmpty)
    }
}
