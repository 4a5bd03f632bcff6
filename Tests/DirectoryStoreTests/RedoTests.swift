import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// Recovery from segments that were written by hand.
@Suite struct RedoTests {
    private let folder = TemporaryFolder()

    /// Opens a runs directory with writes in its journal, then closes it.
    private func recover(_ writes: [RedoRecord]...) throws {
        let journal = "\(folder.path)/.rundir/journal"
        folder.write(".rundir/journal/0000000000000001", "")
        Tree.write(JournalText.frame(1, writes), "\(journal)/0000000000000001")
        try DirectoryHarness.open(folder.path).close()
    }

    private func rows(_ offset: Int, _ text: String, of run: String = "run") -> [RedoRecord] {
        [RedoRecord(run, .append("metrics.ndjson", offset: offset, Array(text.utf8)))]
    }

    private var metrics: String? { folder.text("run/tfruns.d/metrics.ndjson") }

    /// Rule: recovery rewrites, never trusts, what is newer than the checkpoint.
    @Test(arguments: [
        "{\"a\":1}\n", "{\"a\":1}\n{\"a", "{\"a\":1}\n\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", "{\"a\":1}\ngarbage\n",
        "{\"a\":1}\n{\"a\":2}\n",
    ])
    func whatIsBehindTheCheckpointIsRewritten(_ found: String) throws {
        folder.write("run/tfruns.d/metrics.ndjson", found)
        try recover(rows(8, "{\"a\":2}\n"))
        #expect(metrics == "{\"a\":1}\n{\"a\":2}\n")
    }

    /// Rule: what was written to a run that was removed is not done to one that has its name since.
    @Test func whatWasWrittenBeforeARemovalIsNotDoneToTheNextRunOfThatName() throws {
        folder.write("run/tfruns.d/flags.json", "new")
        folder.write(".rundir/staging/deleted-1/left", "")
        try recover(
            [RedoRecord("run", .put("flags.json", Array("old".utf8))), RedoRecord("run", .delete(aside: "deleted-1"))])
        #expect(folder.text("run/tfruns.d/flags.json") == "new")
        #expect(!folder.exists(".rundir/staging/deleted-1"))
    }

    /// Rule 8: fails when a frame that was done is done again, or the one that was not is left.
    @Test(arguments: [0, 1, 2])
    func whereTheServerAloneEndedNoMoreThanTheLastFrameIsDone(_ applied: UInt64) throws {
        folder.write("run/tfruns.d/flags.json", "R's")
        folder.write("run/tfruns.d/evaluation.json", "old")
        folder.write(".rundir/journal/0000000000000001", "")
        let frames =
            JournalText.frame(1, [[RedoRecord("run", .put("flags.json", Array("new".utf8)))]])
            + JournalText.frame(2, [[RedoRecord("run", .put("evaluation.json", Array("new".utf8)))]])
            + JournalText.frame(3, [[RedoRecord("run", .viewLags)]])
        pause(milliseconds: 20)
        Tree.write(frames, "\(folder.path)/.rundir/journal/0000000000000001")
        try AppliedMark(RunPaths(runs: folder.path)).note(applied)
        try DirectoryHarness.open(folder.path).close()
        #expect(folder.text("run/tfruns.d/flags.json") == "R's")
        #expect(folder.text("run/tfruns.d/evaluation.json") == (applied < 2 ? "new" : "old"))
    }

    /// Rule 8: the last frame was not done, and something else wrote the file after that.
    @Test func whatIsYoungerThanTheLastFrameStays() throws {
        folder.write(".rundir/journal/0000000000000001", "")
        Tree.write(
            JournalText.frame(1, [[RedoRecord("run", .put("flags.json", Array("new".utf8)))]]),
            "\(folder.path)/.rundir/journal/0000000000000001")
        pause(milliseconds: 20)
        folder.write("run/tfruns.d/flags.json", "R's")
        try AppliedMark(RunPaths(runs: folder.path)).note(0)
        try DirectoryHarness.open(folder.path).close()
        #expect(folder.text("run/tfruns.d/flags.json") == "R's")
    }

    /// Rows of the last frame that were written in part.
    @Test(arguments: ["{\"a\":1}\n", "{\"a\":1}\n{\"a", "{\"a\":1}\n{\"a\":2}\n"])
    func rowsOfTheLastFrameAreWrittenWhole(_ found: String) throws {
        folder.write(".rundir/journal/0000000000000001", "")
        Tree.write(JournalText.frame(1, [rows(8, "{\"a\":2}\n")]), "\(folder.path)/.rundir/journal/0000000000000001")
        folder.write("run/tfruns.d/metrics.ndjson", found)
        try AppliedMark(RunPaths(runs: folder.path)).note(0)
        try DirectoryHarness.open(folder.path).close()
        #expect(metrics == "{\"a\":1}\n{\"a\":2}\n")
    }

    /// A copy of a mark tells nothing of the machine's memory.
    @Test func aMarkThatWasCopiedCountsForNothing() throws {
        let paths = RunPaths(runs: folder.path)
        folder.write(".rundir/journal/0000000000000001", "")
        try AppliedMark(paths).note(7)
        #expect(try AppliedMark.read(paths) == 7)
        Tree.write(Tree.read(paths.applied), "\(paths.applied).copy")
        Tree.rename("\(paths.applied).copy", to: paths.applied)
        #expect(try AppliedMark.read(paths) == nil)
    }

    /// Rule: a removal that was journaled and not done is done.
    @Test func removalIsDoneAgain() throws {
        folder.write("run/tfruns.d/flags.json", "{}")
        try recover([RedoRecord("run", .delete(aside: "deleted-1"))])
        #expect(!folder.exists("run"))
        #expect(!folder.exists(".rundir/staging/deleted-1"))
    }

    @Test func severalRowsAreRewrittenInOrder() throws {
        folder.write("run/tfruns.d/metrics.ndjson", "{\"a\":1}\nXXXXXXXXXXXX")
        try recover(rows(8, "{\"a\":2}\n"), rows(16, "{\"a\":3}\n"), rows(24, "{\"a\":4}\n"))
        #expect(metrics == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n")
    }

    @Test func aRunThatIsGoneIsNotMadeAnewByWritesToIt() throws {
        try recover(
            rows(0, "{\"a\":1}\n"),
            [RedoRecord("run", .put("flags.json", [1])), RedoRecord("run", .remove("error.json"))],
            [RedoRecord("run", .move(.initialised)), RedoRecord("run", .viewLags)])
        #expect(!folder.exists("run"))
        #expect(Tree.names("\(folder.path)/.rundir/pending").isEmpty)
    }

    @Test func aStagedFileIsPublishedAndStagingCleared() throws {
        folder.write("run/tfruns.d/flags.json", "{}")
        folder.write(".rundir/staging/upload-1", "source")
        folder.write(".rundir/staging/upload-2", "never acknowledged")
        try recover([RedoRecord("run", .publish("source.tar.gz", staged: "upload-1"))])
        #expect(folder.text("run/tfruns.d/source.tar.gz") == "source")
        #expect(Tree.names("\(folder.path)/.rundir/staging").isEmpty)
    }

    @Test func aPublicationWhoseStagedFileIsGoneWasDone() throws {
        folder.write("run/tfruns.d/source.tar.gz", "source")
        try recover([RedoRecord("run", .publish("source.tar.gz", staged: "upload-1"))])
        #expect(folder.text("run/tfruns.d/source.tar.gz") == "source")
    }

    /// The put came first; that its publication was done already must not leave the older text.
    @Test func anOlderPutDoesNotUndoAPublication() throws {
        folder.write("run/tfruns.d/source.tar.gz", "published")
        try recover(
            [RedoRecord("run", .put("source.tar.gz", Array("older".utf8)))],
            [RedoRecord("run", .publish("source.tar.gz", staged: "upload-1"))])
        #expect(folder.text("run/tfruns.d/source.tar.gz") == "published")
    }

    /// A copy of a runs directory has other inode numbers.
    @Test func aFileIsAdoptedWhateverItsInodeNumber() throws {
        folder.write("run/tfruns.d/flags.json", "run's")
        folder.write(".rundir/pending/@default/tfruns.d/flags.json", "session's")
        try recover([RedoRecord("run", .adopt("flags.json", from: "@default", inode: 1))])
        #expect(folder.text("run/tfruns.d/flags.json") == "session's")
    }

    /// Rule: what was written before an adoption that has been done is not done again, or it would be adopted in its
    /// turn.
    @Test func aFileThatWasAdoptedStays() throws {
        folder.write("run/tfruns.d/rows.csv", "a\n1\n2\n")
        folder.write(".rundir/pending/@default/tfruns.d/flags.json", "{}")
        let inode = Tree.inode("\(folder.path)/run/tfruns.d/rows.csv")
        try recover(
            [RedoRecord("@default", .append("rows.csv", offset: 4, Array("2\n".utf8)))],
            [RedoRecord("run", .adopt("rows.csv", from: "@default", inode: inode))])
        #expect(folder.text("run/tfruns.d/rows.csv") == "a\n1\n2\n")
    }

    /// Rule: what waits for a session's next run is not given to the one before.
    @Test func whatCameAfterADeletionIsNotAdopted() throws {
        folder.write("run/tfruns.d/flags.json", "adopted before")
        folder.write(".rundir/pending/@default/tfruns.d/flags.json", "for the next run")
        folder.write(".rundir/staging/deleted-1/left", "")
        try recover(
            [
                RedoRecord("run", .adopt("flags.json", from: "@default", inode: 1)),
                RedoRecord("@default", .delete(aside: "deleted-1")),
            ])
        #expect(folder.text("run/tfruns.d/flags.json") == "adopted before")
        #expect(folder.text(".rundir/pending/@default/tfruns.d/flags.json") == "for the next run")
    }

    @Test func activeRunsAreRemembered() throws {
        folder.write("run/tfruns.d/flags.json", "{}")
        folder.write(".rundir/sessions/ended", "run")
        try recover(
            [RedoRecord("run", .activate(session: "default")), RedoRecord("", .activate(session: "ended"))])
        #expect(folder.text(".rundir/sessions/default") == "run\n")
        #expect(!folder.exists(".rundir/sessions/ended"))
    }

    @Test func aFolderOfTheSameNameWithoutMetadataIsMovedInto() throws {
        folder.write("run/artifact.bin", "kept")
        folder.write(".rundir/pending/run/tfruns.d/flags.json", "{}")
        try recover([RedoRecord("run", .move(.initialised))])
        #expect(folder.text("run/tfruns.d/flags.json") == "{}")
        #expect(folder.text("run/artifact.bin") == "kept")
        #expect(Tree.names("\(folder.path)/.rundir/pending").isEmpty)
    }

    /// Rule 6: fails when a refused write is done again.
    @Test func aRefusedWriteIsNotDone() throws {
        folder.write("run/tfruns.d/flags.json", "old")
        folder.write(".rundir/journal/0000000000000001", "")
        let frames =
            JournalText.frame(1, [JournalText.write(1)].map { _ in [RedoRecord("run", .put("flags.json", [65]))] })
            + JournalText.refusal(2, of: [.init(sequence: 1, index: 0)])
        Tree.write(frames, "\(folder.path)/.rundir/journal/0000000000000001")
        try DirectoryHarness.open(folder.path).close()
        #expect(folder.text("run/tfruns.d/flags.json") == "old")
    }

    /// Rule 3: fails when anything is done before the whole journal has been read.
    @Test func aDamagedJournalIsRefusedWithNothingChanged() throws {
        folder.write("run/tfruns.d/flags.json", "old")
        folder.write(".rundir/staging/upload-1", "staged")
        folder.write(".rundir/journal/0000000000000001", "")
        var frames = JournalText.frame(1, [[RedoRecord("run", .put("flags.json", Array("new".utf8)))]])
        let second = frames.count
        frames += JournalText.frame(2, [[RedoRecord("run", .remove("flags.json"))]])
        frames += JournalText.frame(3, [JournalText.write(3)])
        frames[second + 30] ^= 4
        let segment = "\(folder.path)/.rundir/journal/0000000000000001"
        Tree.write(frames, segment)
        let failure = try #require(throws: DirectoryRunStore.OpenFailure.self) {
            try DirectoryHarness.open(folder.path)
        }
        #expect(failure.description.contains("0000000000000001 is damaged at byte \(second)"))
        #expect(Tree.read(segment) == frames)
        #expect(folder.text("run/tfruns.d/flags.json") == "old")
        #expect(folder.text(".rundir/staging/upload-1") == "staged")
        #expect(Tree.names("\(folder.path)/.rundir/journal") == ["0000000000000001"])
    }
}
