import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// Artifacts after a crash, and in directories that something else made.
@Suite struct ArtifactRecoveryTests {
    private let harness: DirectoryHarness

    init() throws { harness = try DirectoryHarness() }

    private var store: any RunStore { harness.store }
    private var files: [String: String?] { Tree.files(harness.runs) }

    /// Opens a runs directory with writes in its journal, then closes it.
    private func recover(_ folder: TemporaryFolder, _ writes: [RedoRecord]...) throws {
        folder.write(".rundir/journal/0000000000000001", "")
        Tree.write(JournalText.frame(1, writes), "\(folder.path)/.rundir/journal/0000000000000001")
        try DirectoryHarness.open(folder.path).close()
    }

    @Test func aPublicationThatWasJournaledIsDoneAgain() throws {
        let folder = TemporaryFolder()
        folder.write("run/tfruns.d/flags.json", "{}")
        folder.write(".rundir/staging/upload-1", "weights")
        folder.write("run/old.bin", "old")
        try recover(
            folder, [RedoRecord("run", .publish("/models/net.pt", staged: "upload-1"))],
            [RedoRecord("run", .remove("/old.bin"))])
        #expect(folder.text("run/models/net.pt") == "weights")
        #expect(!folder.exists("run/old.bin"))
        #expect(!folder.exists("run/tfruns.d/models"))
    }

    /// Written, removed, written again: what came first must not undo what came last.
    @Test func recoveryThatIsDoneTwiceEndsTheSame() throws {
        try store.initialise(.one)
        try harness.publish(.model, "1")
        try harness.publish(.model, "2")
        try store.change(.one, .removeArtifact(.model, if: { _ in true }))
        try harness.publish(.model, "3")
        let path = try #require(ArtifactPath("gone"))
        try harness.publish(path, "x")
        try store.change(.one, .removeArtifact(path, if: { _ in true }))
        let journal = harness.keptJournal()
        harness.close()
        let expected = files
        for _ in 1...2 {
            try harness.putBack(journal)
            #expect(files == expected)
        }
        #expect(try store.artifact(.model) == "3")
    }

    @Test func artifactsOfAPendingRunAreWhereItWasMovedTo() throws {
        try harness.publish(.model, "early")
        let change = DataChange.artifact(
            try harness.staged("session's"), try #require(ArtifactPath("log")), if: { _ in true })
        try store.write(.active(.default), .change([change]))
        try store.initialise(.one)
        let expected = files
        try harness.crash()
        #expect(files == expected)
        #expect(expected["one/models/net.pt"] == "early")
        #expect(expected["one/log"] == "session's")
    }

    /// The training job made its folder before it told the server of the run.
    @Test func artifactsOfAPendingRunComeIntoTheDirectoryThatIsThere() throws {
        try harness.publish(.model, "early")
        try harness.publish(try #require(ArtifactPath("log")), "uploaded")
        try harness.publish(try #require(ArtifactPath("data")), "uploaded")
        harness.folder.write("runs/one/models/local.pt", "local")
        harness.folder.write("runs/one/log", "local")
        harness.folder.write("runs/one/data/x", "local")
        try store.initialise(.one)
        #expect(
            files.filter { !$0.key.hasPrefix("one/tfruns.d") }.mapValues { $0 ?? "" } == [
                "one/models/net.pt": "early", "one/models/local.pt": "local", "one/log": "uploaded",
                "one/data/x": "local", "one/data.1": "uploaded",
            ])
        #expect(Tree.names("\(harness.runs)/.rundir/pending").isEmpty)
        let expected = files
        try harness.crash()
        #expect(files == expected)
    }

    /// Fails when any call on an artifact follows a link out of the run's directory.
    @Test(arguments: ["link/secret", "file", "deep/up/secret", "loop", "tfruns.d/up/secret"])
    func noLinkLeadsOut(_ path: String) throws {
        try store.initialise(.one)
        harness.folder.write("outside/secret", "secret")
        let run = "\(harness.runs)/one"
        Tree.link("\(run)/link", to: "\(harness.folder.path)/outside")
        Tree.link("\(run)/file", to: "../../outside/secret")
        Tree.makeDirectory("\(run)/deep")
        Tree.link("\(run)/deep/up", to: "../../../outside")
        Tree.link("\(run)/tfruns.d/up", to: "../../../outside")
        Tree.link("\(run)/loop", to: "loop")
        let path = try #require(ArtifactPath(path))
        let read = try #require(throws: StoreError.self) { try store.file(path, of: .one, page: .init(limit: 1)) }
        let written = try #require(throws: StoreError.self) { try harness.publish(path, "mine") }
        let removed = try #require(throws: StoreError.self) {
            try store.change(.one, .removeArtifact(path, if: { _ in true }))
        }
        for error in [read, written, removed] {
            guard case .outOfReach = error else {
                Issue.record("\(error)")
                continue
            }
        }
        #expect(harness.folder.text("outside/secret") == "secret")
        let bundled = try store.bundle(of: .one).texts()
        #expect(!bundled.values.contains("secret"))
        guard case .folder(let page) = try store.file(nil, of: .one, page: .init(limit: 100)) else { return }
        #expect(page.entries.map(\.text) == ["deep", "tfruns.d"])
    }

    @Test func linksThatStayInTheDirectoryAreFollowedForReading() throws {
        try store.initialise(.one)
        try harness.publish(.model, "weights")
        Tree.link("\(harness.runs)/one/latest.pt", to: "models/net.pt")
        let path = try #require(ArtifactPath("latest.pt"))
        #expect(try store.artifact(path) == "weights")
        #expect(try store.bundle(of: .one).texts()["latest.pt"] == "weights")
        #expect(throws: StoreError.self) { try harness.publish(path, "2") }
        #expect(try store.artifact(.model) == "weights")
    }
}
