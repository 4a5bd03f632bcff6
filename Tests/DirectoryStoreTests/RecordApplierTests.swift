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

    /// The journal may name what an earlier process has staged, such as the rows that a frame has replaced.
    @Test func recoveryWritesOverNothingThatTheJournalNames() throws {
        folder.write(".rundir/staging/other", "")
        folder.write("run/tfruns.d/metrics.json", "{}")
        let paths = RunPaths(runs: folder.path)
        let kept = RecordApplier(paths: paths).newStagedPath()
        let name = try #require(kept.split(separator: "/").last.map(String.init))
        folder.write(".rundir/staging/\(name)", "rows")
        let recovery = RecordApplier(paths: paths)
        try recovery.redo(RedoRecord("run", .put("metrics.json", Array("[]".utf8))))
        try recovery.redo(RedoRecord("run", .publish("metrics.1.ndjson", staged: name)))
        #expect(folder.text("run/tfruns.d/metrics.1.ndjson") == "rows")
    }
}
