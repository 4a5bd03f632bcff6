import Glibc
import LocalFiles
import RunMetadata
import RunStore
import SystemPackage
import TestSupport
import Testing

@testable import DirectoryStore

@Suite struct FilesTests {
    private let folder = TemporaryFolder()
    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    @Test func whatIsNotThereIsNilAndRemovingItNoFailure() throws {
        #expect(try Files.read(path("none")) == nil)
        folder.write("file", "")
        #expect(try Files.read(path("file/below")) == nil)
        #expect(try Files.read(path("file")) == [])
        #expect(try Files.names(in: path("none")).isEmpty)
        try Files.remove(path("none"))
        try Files.sync(path("none"))
    }

    @Test func foldersAreMadeWithAllAboveThem() throws {
        try Files.makeDirectories(path("a/b/c"))
        try Files.makeDirectories(path("a/b/c"))
        #expect(Files.isDirectory(path("a/b/c")))
        folder.write("file", "")
        #expect(throws: FileFailure.self) { try Files.makeDirectories(path("file/below")) }
    }

    @Test func aTreeIsRemovedWithoutWhatItsLinksLeadTo() throws {
        folder.write("outside/kept", "kept")
        folder.write("tree/a/b", "")
        Tree.link(path("tree/link"), to: path("outside"))
        try Files.removeTree(path("tree"))
        #expect(!folder.exists("tree"))
        #expect(folder.text("outside/kept") == "kept")
    }

    @Test func ofALinkInTheRootOfATreeTheLinkAloneIsRemoved() throws {
        folder.write("outside/kept", "kept")
        Tree.link(path("tree"), to: path("outside"))
        try Files.empty(path("tree"))
        #expect(folder.text("outside/kept") == "kept")
        try Files.removeTree(path("tree"))
        #expect(Tree.names(folder.path) == ["outside"])
        #expect(folder.text("outside/kept") == "kept")
    }

    @Test func aFailureSaysWhatWasTriedOnWhatAndWhy() {
        let failure = #expect(throws: FileFailure.self) { try Files.rename(path("none"), to: path("other")) }
        #expect(failure?.call == "rename")
        #expect(failure?.path == path("other"))
        #expect(failure?.isNoSpace == false)
        for code: Int32 in [28, 122] { #expect(FileFailure("write", "x", errno: code).isNoSpace) }
        let full = FileFailure("write", "x", errno: 28)
        #expect(StoreError(full) == .diskFull(full.description))
    }
}

/// What is told of a failure in a run's directory, which anyone may have made: the run is named, and not the server at
/// fault.
@Suite struct FailureInARunTests {
    @Test(arguments: [ELOOP, EXDEV, EACCES, EPERM])
    func whatTheServerMayNotReachIsForbidden(_ code: Int32) {
        let failure = FileFailure("open", inRun: Array("tfruns.d/flags.json".utf8), errno: code)
        #expect(failure.isOfTheRun)
        guard case .outOfReach(let words) = StoreError(failure) else {
            Issue.record("\(StoreError(failure))")
            return
        }
        #expect(words.contains("\"tfruns.d/flags.json\""))
        #expect(StoreError(FileFailure("open", "journal", errno: code)) != .outOfReach(words))
    }

    @Test(arguments: [EISDIR, ENOTDIR, EEXIST, ENOTEMPTY, EBUSY, ENXIO])
    func whatHasAnothersPlaceIsAConflict(_ code: Int32) {
        let failure = FileFailure("rename", inRun: Array("plots".utf8), errno: code)
        #expect(failure.isOfTheRun)
        guard case .pathTaken = StoreError(failure) else {
            Issue.record("\(StoreError(failure))")
            return
        }
    }

    @Test(arguments: [EMFILE, ENFILE, ENOMEM, EAGAIN])
    func whatIsShortIsAShortage(_ code: Int32) {
        for failure in [FileFailure("open", inRun: [], errno: code), FileFailure("open", "x", errno: code)] {
            guard case .shortage = StoreError(failure) else {
                Issue.record("\(StoreError(failure))")
                continue
            }
            #expect(!failure.isOfTheRun)
        }
        #expect(!FileFailure("fsync", "x", errno: code).isShortage)
    }
}

@Suite struct RunPathsTests {
    private let folder = TemporaryFolder()
    private var paths: RunPaths { RunPaths(runs: folder.path) }

    @Test func aRunIsInOneOfThreePlaces() {
        #expect(paths.data("r", .initialised) == "\(folder.path)/r/tfruns.d")
        #expect(paths.data("r", .archived) == "\(folder.path)/archive/r/tfruns.d")
        #expect(paths.data("@s", .pending) == "\(folder.path)/.rundir/pending/@s/tfruns.d")
        #expect(paths.run("r", .initialised) == "\(folder.path)/r")
    }

    @Test func aRunIsFoundWhereItsDataDirectoryIs() {
        #expect(paths.locate("r") == nil)
        folder.write("r/artifact", "")
        #expect(paths.locate("r") == nil)
        folder.write(".rundir/pending/r/tfruns.d/x", "")
        #expect(paths.locate("r") == .pending)
        folder.write("archive/r/tfruns.d/x", "")
        #expect(paths.locate("r") == .archived)
        folder.write("r/tfruns.d/x", "")
        #expect(paths.locate("r") == .initialised)
    }

    @Test func aFileInPlaceOfADataDirectoryIsNoRun() {
        folder.write("r/tfruns.d", "")
        #expect(paths.locate("r") == nil)
    }
}
