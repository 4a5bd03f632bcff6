import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// Writes with large files keep their place in the order of the writes, however long their uploads take.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct OvertakenUploadsTests {
    private let proxy: HTTPProxy
    private let stores: LargeFileStores
    private var store: any RunStore { stores.store }

    init() throws {
        proxy = try S3Server.shared.get().proxy()
        stores = try LargeFileStores(by: proxy)
        try stores.store.initialise(.one)
    }

    private static let model = LargeFileStores.model
    private static let large = LargeFileStores.text(2 << 20)

    /// What a held back upload waits for.
    private final class Upload: Sendable {
        let replies = Replies(count: 1)
        var result: Result<WriteOutcome, StoreError>? { replies.all?[0] }
    }

    /// Asks for a write whose upload is held back.
    private func begin(
        _ write: RunWrite, by store: (any RunStore)? = nil, _ proxy: HTTPProxy? = nil
    ) throws -> Upload {
        let proxy = proxy ?? self.proxy
        let before = proxy.heads.count
        proxy.hold { $0.hasPrefix("PUT ") }
        let upload = Upload()
        (store ?? self.store).submit(write) { upload.replies.set(0, $0) }
        #expect(eventually { proxy.heads.dropFirst(before).contains { $0.hasPrefix("PUT ") } })
        return upload
    }

    private func finish(_ upload: Upload, _ proxy: HTTPProxy? = nil) throws -> Result<WriteOutcome, StoreError> {
        (proxy ?? self.proxy).release()
        #expect(eventually { upload.result != nil })
        return try #require(upload.result)
    }

    @Test(arguments: ["small", "other server", "large at other server"])
    func whatALaterWritePutThereStays(_ kind: String) throws {
        let other = try stores.another()
        defer { other.close() }
        let text = kind.hasPrefix("large") ? "later" + Self.large : "later"
        let upload = try begin(try stores.write(Self.large))
        #expect(try (kind == "small" ? store : other).refusal(of: try stores.write(text)) == nil)
        #expect(try finish(upload).refusal == .overtaken(Self.model))
        #expect(try store.artifact(Self.model) == text)
        #expect(stores.isClean(kind.hasPrefix("large") ? 1 : 0))
        #expect(try stores.runs.miscounted() == "")
    }

    @Test func whatALaterWriteRemovedStaysAway() throws {
        try stores.runs.publish(Self.model, "earlier")
        let upload = try begin(try stores.write(Self.large))
        try store.write(.run(.one), .change([.removeArtifact(Self.model, if: { _ in true })]))
        #expect(try finish(upload).refusal == .overtaken(Self.model))
        #expect(try store.artifact(Self.model) == nil)
        #expect(stores.isClean(0))
    }

    @Test func whatLaterWritesMadeAndRemovedStaysAway() throws {
        let upload = try begin(try stores.write(Self.large))
        try stores.runs.publish(Self.model, "later")
        try store.write(.run(.one), .change([.removeArtifact(Self.model, if: { _ in true })]))
        #expect(try finish(upload).refusal == .overtaken(Self.model))
        #expect(try store.artifact(Self.model) == nil)
        #expect(stores.isClean(0))
    }

    @Test func anotherRunOfTheNameGetsNothing() throws {
        let upload = try begin(try stores.write(Self.large))
        try store.write(.run(.one), .purge(force: true))
        try store.initialise(.one)
        #expect(try finish(upload).refusal == .overtaken(Self.model))
        #expect(try store.artifact(Self.model) == nil)
    }

    @Test func aRunThatWasPurgedLaterStaysAway() throws {
        let upload = try begin(try stores.write(Self.large))
        try store.write(.run(.one), .purge(force: true))
        #expect(try finish(upload).refusal == .unknownRun)
        #expect(try store.snapshot(of: .one) == nil)
        #expect(stores.isClean(0))
    }

    /// A property beside a large file is as old as the file's upload.
    @Test func whatALaterWriteSaidOtherwiseStays() throws {
        let file = try stores.runs.staged(Self.large)
        let change = RunWrite(
            .run(.one), .change([.artifact(file, Self.model, if: { _ in true }), .property(.note, "earlier")]))
        let upload = try begin(change)
        try store.change(.one, .property(.note, "later"))
        #expect(try finish(upload).refusal == .overtaken(ArtifactPath(.property(.note))))
        #expect(try store.property(.note, of: .one) == "later")
        #expect(try store.artifact(Self.model) == nil)
    }

    @Test func theLaterOfTwoUploadsStaysWhicheverIsDoneFirst() throws {
        let otherProxy = try stores.s3.proxy()
        let other = try stores.another(by: otherProxy)
        defer { other.close() }
        for laterIsFirst in [false, true] {
            let earlier = try begin(try stores.write("earlier" + Self.large))
            let later = try begin(try stores.write("later" + Self.large), by: other, otherProxy)
            if laterIsFirst {
                #expect(try finish(later, otherProxy).refusal == nil)
                #expect(try finish(earlier).refusal == .overtaken(Self.model))
            } else {
                #expect(try finish(earlier).refusal == nil)
                #expect(try finish(later, otherProxy).refusal == nil)
            }
            #expect(try store.artifact(Self.model) == "later" + Self.large)
        }
    }

    @Test func anUploadGoesToTheRunThatWasActiveWhenItWasAskedFor() throws {
        let upload = try begin(try stores.write(Self.large, of: .active(.default)))
        try store.initialise(.two)
        #expect(try finish(upload).get().run == .one)
        #expect(try store.artifact(Self.model) == Self.large)
    }

    /// Other writes to the run, and to other files, do not stand in its way.
    @Test func anUploadIsNotRefusedForWhatItDoesNotReplace() throws {
        try stores.runs.publish(Self.model, "earlier")
        let upload = try begin(try stores.write(Self.large))
        try store.rows(.one, #"{"a":1}"#)
        try stores.runs.publish(ArtifactPath("other")!, "text")
        try store.complete(.one)
        #expect(try finish(upload).get().replaced)
        #expect(try store.artifact(Self.model) == Self.large)
        #expect(stores.isClean(1))
        #expect(try stores.runs.miscounted() == "")
    }
}
