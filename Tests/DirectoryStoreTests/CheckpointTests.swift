import LocalFiles
import TestSupport
import Testing

@testable import DirectoryStore
@testable import RunMetadata

@Suite struct CheckpointTests {
    private let folder = TemporaryFolder()

    private var paths: RunPaths { RunPaths(runs: folder.path) }

    @Test func whatIsNotWhereItWasNotedIsToldOf() throws {
        folder.write(".rundir/pending/a/tfruns.d/flags.json", "{}")
        folder.write(".rundir/pending/a/tfruns.d/properties/script", "train.py")
        var touched = TouchedFiles()
        touched.insert("a", "flags.json")
        touched.insert("a", "properties/gone")
        touched.insert("b", "flags.json")
        let missed = try Checkpoint.sync(touched, paths)
        #expect(missed.files.map { "\($0.folder) \($0.path)" }.sorted() == ["a properties/gone", "b flags.json"])
    }

    @Test func anArtifactIsMissedWhereItsFoldersAre() throws {
        folder.write("a/tfruns.d/flags.json", "{}")
        folder.write("a/models/net", "x")
        var touched = TouchedFiles()
        touched.insert("a", RecordPath.text(try #require(ArtifactPath("models/net"))))
        #expect(try Checkpoint.sync(touched, paths).isEmpty)
        touched.insert("a", RecordPath.text(try #require(ArtifactPath("plots/loss"))))
        #expect(try Checkpoint.sync(touched, paths).files.count == 1)
    }

    /// Fails when files of another disk are taken for synced with the runs directory's, or those of the same are synced
    /// one by one.
    @Test func manyFilesAreSyncedTogether() throws {
        folder.write("a/tfruns.d/flags.json", "{}")
        var touched = TouchedFiles()
        for number in 0..<300 { touched.insert("a", "properties/p\(number)") }
        touched.insert("gone", "flags.json")
        touched.sessions.insert("not-there")
        #expect(try Checkpoint.sync(touched, paths).isEmpty)
        let mounted = "\(folder.path)/b"
        Tree.makeDirectory(mounted)
        // Needs root.
        guard try Command("mount", "-t", "tmpfs", "none", mounted).ending == .exited(0) else { return }
        defer { _ = try? Command("umount", mounted) }
        folder.write("b/tfruns.d/flags.json", "{}")
        touched.insert("b", "flags.json")
        touched.insert("b", "properties/gone")
        #expect(try Checkpoint.sync(touched, paths).files.map(\.path) == ["properties/gone"])
    }

    /// A session's file for each client that there ever was: fails when all are opened, or when one that changed is
    /// not.
    @Test func sessionsThatChangedAreSyncedAndNoOthers() throws {
        folder.write(".rundir/sessions/changed", "a")
        // Whoever opens it fails.
        Tree.link("\(folder.path)/.rundir/sessions/other", to: "other")
        var touched = TouchedFiles()
        touched.sessions.insert("changed")
        try Checkpoint.sync(touched, paths)
        touched.sessions.insert("other")
        #expect(throws: FileFailure.self) { try Checkpoint.sync(touched, paths) }
    }

    @Test func filesAreFollowedToTheRunThatAdoptedThem() {
        var touched = TouchedFiles()
        touched.insert("@s", "source.tar.gz")
        touched.insert("@s", "flags.json")
        var later = TouchedFiles()
        later.insert("run", "source.tar.gz", from: "@s")
        later.insert("other", "plot", from: "@t")
        #expect(
            touched.adopted(in: [TouchedFiles(), later]) == [TouchedFiles.File(folder: "run", path: "source.tar.gz")])
        #expect(later.files.contains(TouchedFiles.File(folder: "run", path: "source.tar.gz")))
    }
}
