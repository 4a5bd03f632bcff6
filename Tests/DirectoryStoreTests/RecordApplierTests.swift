import LocalFiles
import RunMetadata
import TestSupport
import Testing

@testable import DirectoryStore

@Suite struct RecordApplierTests {
    private let folder = TemporaryFolder()

    /// Makes a pending run with an artifact, and fails at what comes then.
    private func fail() throws {
        folder.write(".rundir/staging/net", "x")
        let artifact = RecordPath.text(try #require(ArtifactPath("models/deep/net")))
        let records = [
            RedoRecord("run", .create), RedoRecord("run", .publish(artifact, staged: "net")),
            RedoRecord("run", .publish("source.tar.gz", staged: "gone")),
        ]
        let applier = RecordApplier(paths: RunPaths(runs: folder.path))
        #expect(throws: FileFailure.self) { try applier.apply(records) }
        #expect(applier.halfDone == nil)
    }

    /// Rule: a write that is refused leaves nothing behind.
    @Test func aRunThatWasMadeGoesWithTheFoldersOfItsArtifacts() throws {
        folder.write(".rundir/pending/other/tfruns.d/flags.json", "{}")
        try fail()
        #expect(!folder.exists(".rundir/pending/run"))
        #expect(folder.text(".rundir/staging/net") == "x")
    }

    @Test func whatWasThereBeforeStays() throws {
        folder.write(".rundir/pending/run/notes.txt", "kept")
        try fail()
        #expect(folder.text(".rundir/pending/run/notes.txt") == "kept")
        #expect(!folder.exists(".rundir/pending/run/tfruns.d"))
    }
}
