import TestSupport
import Testing

@testable import RunMetadata
@testable import RunStore

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
