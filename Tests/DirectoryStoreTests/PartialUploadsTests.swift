import Glibc
import JSON
import Limits
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore
@testable import LocalFiles

/// Files of which only a part has come.
@Suite struct PartialUploadsTests {
    private let folder = TemporaryFolder()
    private let clock = TestClock()

    private func open(_ limits: PartialUploads.Limits = .init()) -> PartialUploads {
        PartialUploads(folder: folder.path, limits: limits, now: { [clock] in clock.seconds })
    }

    private func write(_ text: String, _ part: UploadPart) throws {
        try Array(text.utf8).withUnsafeBytes { try part.write($0) }
    }

    private func send(_ text: String, _ key: ExactText, at offset: Int, of total: Int, _ uploads: PartialUploads) throws
    {
        let part = try uploads.begin(key, at: offset, of: total)
        try write(text, part)
        try part.end()
    }

    private func content(_ uploads: PartialUploads, _ key: ExactText) throws -> String {
        let there = try #require(uploads.progress(of: key))
        var bytes: [UInt8] = []
        let part = try uploads.begin(key, at: there.received, of: there.total)
        try part.read { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func partsJoinOn() throws {
        let uploads = open()
        #expect(uploads.progress(of: "a") == nil)
        try send("0123", "a", at: 0, of: 10, uploads)
        #expect(uploads.progress(of: "a")! == (4, 10))
        try send("456789", "a", at: 4, of: 10, uploads)
        #expect(try content(uploads, "a") == "0123456789")
    }

    @Test func partThatIsSentAgainTakesThePlaceOfWhatIsThere() throws {
        let uploads = open()
        try send("01234567", "a", at: 0, of: 10, uploads)
        try send("abc", "a", at: 2, of: 10, uploads)
        #expect(uploads.progress(of: "a")! == (5, 10))
        try send("fghij", "a", at: 5, of: 10, uploads)
        #expect(try content(uploads, "a") == "01abcfghij")
    }

    @Test func partThatDoesNotJoinOnIsRefused() throws {
        let uploads = open()
        #expect(throws: PartialUploads.Refusal.gap(received: 0, total: nil)) { try uploads.begin("a", at: 1, of: 10) }
        try send("0123", "a", at: 0, of: 10, uploads)
        #expect(throws: PartialUploads.Refusal.gap(received: 4, total: 10)) { try uploads.begin("a", at: 5, of: 10) }
        #expect(throws: PartialUploads.Refusal.gap(received: 4, total: 10)) { try uploads.begin("a", at: 4, of: 11) }
        #expect(uploads.progress(of: "a")! == (4, 10))
        // Begun anew with another length.
        try send("ab", "a", at: 0, of: 3, uploads)
        #expect(uploads.progress(of: "a")! == (2, 3))
        #expect(Tree.names(folder.path).count == 2, "the old one's files are gone")
    }

    @Test func laterRequestTakesOver() throws {
        let uploads = open()
        let slow = try uploads.begin("a", at: 0, of: 10)
        try write("0123", slow)
        let other = try uploads.begin("a", at: 4, of: 10)
        #expect(throws: PartialUploads.Refusal.superseded) { try write("xx", slow) }
        slow.cut()
        slow.withdraw()
        try write("4567", other)
        try other.end()
        #expect(uploads.progress(of: "a")! == (8, 10))
        try send("89", "a", at: 8, of: 10, uploads)
        #expect(try content(uploads, "a") == "0123456789")
    }

    @Test func whatIsSafeSurvivesAndNothingElse() throws {
        var uploads = open()
        try send("0123", "a", at: 0, of: 10, uploads)
        let part = try uploads.begin("a", at: 4, of: 10)
        try write("45", part)
        // As after a crash: nobody says that the part is over.
        uploads = open()
        #expect(uploads.progress(of: "a")! == (4, 10))
        try send("456789", "a", at: 4, of: 10, uploads)
        uploads = open()
        #expect(uploads.progress(of: "a")! == (10, 10))
        #expect(try content(uploads, "a") == "0123456789")
    }

    /// What is written anew within what was safe is not safe before it is confirmed.
    @Test func whatIsWrittenAnewIsNotSafeAtOnce() throws {
        var uploads = open()
        try send("01234567", "a", at: 0, of: 10, uploads)
        let part = try uploads.begin("a", at: 2, of: 10)
        try write("abcdef", part)
        uploads = open()
        #expect(uploads.progress(of: "a")! == (2, 10))
    }

    @Test func largePartIsMadeSafeOnTheWay() throws {
        var uploads = open()
        let size = 70 << 20
        let part = try uploads.begin("a", at: 0, of: size)
        let block = [UInt8](repeating: 7, count: 1 << 20)
        for _ in 0..<69 { try block.withUnsafeBytes { try part.write($0) } }
        uploads = open()
        #expect(uploads.progress(of: "a")! == (64 << 20, size))
    }

    @Test func partThatIsWithdrawnLeavesWhatWasBefore() throws {
        let uploads = open()
        try send("0123", "a", at: 0, of: 10, uploads)
        let part = try uploads.begin("a", at: 4, of: 10)
        try write("45", part)
        part.withdraw()
        #expect(uploads.progress(of: "a")! == (4, 10))
        #expect(open().progress(of: "a")! == (4, 10))
    }

    @Test func partThatIsCutOffIsKeptAsFarAsItCame() throws {
        let uploads = open()
        let part = try uploads.begin("a", at: 0, of: 10)
        try write("01", part)
        part.cut()
        #expect(open().progress(of: "a")! == (2, 10))
        let empty = try uploads.begin("b", at: 0, of: 10)
        empty.cut()
        #expect(uploads.progress(of: "b") == nil, "nothing came of it")
    }

    /// A file that somebody removed, or that is being published, is not gone on with as if it had zeros.
    @Test func fileThatIsGoneIsNotFilledUp() throws {
        let uploads = open()
        try send("0123", "a", at: 0, of: 10, uploads)
        for name in Tree.names(folder.path) where !name.hasSuffix(".json") { unlink("\(folder.path)/\(name)") }
        let part = try uploads.begin("a", at: 4, of: 10)
        #expect(throws: PartialUploads.Refusal.gap(received: 0, total: 10)) { try write("45", part) }
        #expect(uploads.progress(of: "a")!.received == 0)
        try send("ab", "a", at: 0, of: 10, uploads)
        #expect(uploads.progress(of: "a")! == (2, 10))
    }

    @Test func thereAreLimits() throws {
        var limits = PartialUploads.Limits()
        (limits.count, limits.bytes) = (Limit(.files, most: 2), Limit(.bytes, most: 100))
        let uploads = open(limits)
        try send("0", "a", at: 0, of: 1000, uploads)
        try send("0", "a", at: 0, of: 40, uploads)
        #expect(throws: PartialUploads.Refusal.self) { try uploads.begin("b", at: 0, of: 61) }
        try send("0", "b", at: 0, of: 60, uploads)
        #expect(throws: PartialUploads.Refusal.self) { try uploads.begin("c", at: 0, of: 1) }
        try send("1", "a", at: 1, of: 40, uploads)
        try send("1", "a", at: 0, of: 39, uploads)
        clock.seconds += limits.age + 1
        try send("1", "b", at: 1, of: 60, uploads)
        #expect(uploads.progress(of: "a") == nil, "nothing came for too long")
        #expect(uploads.progress(of: "b")! == (2, 60))
        clock.seconds += limits.age + 1
        #expect(open(limits).progress(of: "b") == nil)
        #expect(Tree.names(folder.path).isEmpty)
    }

    @Test(arguments: ["", "{}", "[1]", #"{"key":"a","total":3,"safe":9,"changed":1795499177}"#, "x"])
    func noteThatIsNoneIsCleanedUp(note: String) throws {
        folder.write("1f.json", note)
        folder.write("1f", "0123456789")
        folder.write("2a.new", "")
        #expect(open().progress(of: "a") == nil)
        #expect(Tree.names(folder.path).isEmpty)
    }

    @Test func keysTellRunsSessionsAndPathsApart() throws {
        let path = try #require(ArtifactPath("x"))
        let keys: Set = [
            PartialUploads.key(.run(.one), path), PartialUploads.key(.active(.default), path),
            PartialUploads.key(.run(.one), try #require(ArtifactPath("x/y"))),
        ]
        #expect(keys.count == 3)
    }

    @Test func fileThatIsCompleteIsPublishedOrThereAgain() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        let path = try #require(ArtifactPath("net.pt"))
        let key = PartialUploads.key(.run(.one), path)
        let uploads = harness.scratch.partialUploads
        try send("0123456789", key, at: 0, of: 10, uploads)
        for isWanted in [false, true] {
            let part = try uploads.begin(key, at: 10, of: 10)
            let file = try part.stage(in: harness.scratch)
            #expect(file.size == 0 && part.isComplete)
            let write = RunWrite(.run(.one), .change([.artifact(file, path) { _ in isWanted }]))
            let refusal = try harness.store.refusal(of: write)
            #expect((refusal == nil) == isWanted)
            part.staged(file, isPublished: isWanted)
            #expect((uploads.progress(of: key)?.received == 10) == !isWanted)
        }
        #expect(harness.folder.text("runs/\(RunID.one)/net.pt") == "0123456789")
        #expect(Tree.names("\(harness.runs)/.rundir/uploads").isEmpty)
    }
}
