import Limits
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// What large files may take: time, bytes and memory.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct BoundedUploadsTests {
    private static let large = LargeFileStores.text(2 << 20)
    private static let folder = DataPath("plots")!

    @Test func anUploadThatCannotBeginIsRefusedAndOthersGoOn() throws {
        let proxy = try S3Server.shared.get().proxy()
        let stores = try LargeFileStores(by: proxy) { ($0.uploads, $0.uploadPatience) = (1, 0.3) }
        let store = stores.store
        try store.initialise(.one)
        proxy.hold { $0.hasPrefix("PUT ") }
        let first = Replies(count: 1)
        store.submit(try stores.write(Self.large)) { first.set(0, $0) }
        #expect(eventually { proxy.heads.contains { $0.hasPrefix("PUT ") } })
        let refused = try store.refusal(of: try stores.write(Self.large, to: ArtifactPath("other")!))
        guard case .objectsUnreachable(let reason)? = refused, reason.contains("has not begun") else {
            Issue.record("\(String(describing: refused))")
            return
        }
        // A folder of small files waits for no upload.
        try store.change(.one, try stores.runs.staged(Self.folder, "loss.svg", "text"))
        #expect(first.all == nil)
        proxy.release()
        #expect(eventually { first.all != nil })
        #expect(first.all?[0].refusal == nil)
        #expect(stores.isClean(1))
    }

    @Test func whatIsRefusedAnywayIsNotUploaded() throws {
        let proxy = try S3Server.shared.get().proxy()
        let (run, all) = (Limit(.bytes, most: 3 << 20, setting: "a"), Limit(.bytes, most: 4 << 20, setting: "b"))
        let stores = try LargeFileStores(by: proxy) { ($0.rules.mostRunBytes, $0.rules.mostBytes) = (run, all) }
        let store = stores.store
        try store.initialise(.one)
        try stores.runs.publish(LargeFileStores.model, Self.large)
        let before = proxy.heads.count { $0.hasPrefix("PUT ") }
        let other = try #require(ArtifactPath("other"))
        #expect(try store.refusal(of: try stores.write(Self.large, to: other)) == .runFull(LimitExceeded(run)))
        let elsewhere = try stores.write(LargeFileStores.text(5 << 19), of: .run(.two))
        #expect(try store.refusal(of: elsewhere) == .storeFull(LimitExceeded(all)))
        #expect(throws: StoreError.conditionFailed(LargeFileStores.model)) {
            try stores.runs.publish(LargeFileStores.model, Self.large, if: { $0 == nil })
        }
        #expect(proxy.heads.count { $0.hasPrefix("PUT ") } == before)
        #expect(stores.isClean(1))
        #expect(try stores.runs.miscounted() == "")
    }

    /// Of many small files, the database gets few bytes at once: of 20 of just under 1 MiB, 16.
    @Test func theLargerFilesOfALargeFolderAreObjects() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        let files = (0..<20).map { (name: "part-\($0)", text: "\($0)" + LargeFileStores.text(1 << 20 - 10)) }
        try stores.store.change(.one, try stores.runs.staged(Self.folder, files + [("index", "text")]))
        #expect(try stores.keys().count == 4)
        for (name, text) in files {
            #expect(try stores.store.text(DataPath("\(Self.folder)/\(name)")!, of: .one) == text)
        }
    }
}

/// The same without S3.
@Suite struct BoundedFoldersTests {
    @Test func aFolderThatIsTooLargeForTheDatabaseIsRefused() throws {
        let harness = try PostgresHarness()
        try harness.store.initialise(.one)
        let text = LargeFileStores.text(14 << 20)
        let files = (0..<5).map { (name: "part-\($0)", text: text) }
        let folder = try #require(DataPath("plots"))
        let refused = try harness.store.refusal(of: RunWrite(.run(.one), .change([harness.staged(folder, files)])))
        guard case .refused(let fault)? = refused, fault.kind == .exceeded else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect("\(fault)".contains("--artifacts"), "\(fault)")
        #expect(try harness.store.files(below: folder, of: .one).isEmpty)
    }

    /// Listing a folder of files does not read them.
    @Test func whatIsAtAPathIsFoundAmongMany() throws {
        let harness = try PostgresHarness()
        let store = harness.store
        try store.initialise(.one)
        for name in ["a/x", "a/y/z", "a0", "ab", "a.b"] { try harness.publish(ArtifactPath(name)!, name) }
        try store.rows(.one, #"{"n":1}"#)
        func names(_ path: String?) throws -> [String] {
            let found = try store.file(path.flatMap { ArtifactPath($0) }, of: .one, page: .init(limit: 10))
            guard case .folder(let page)? = found else { return [] }
            return page.entries.map(\.text)
        }
        #expect(try names("a") == ["a/x", "a/y"])
        #expect(try names(nil) == ["a", "a.b", "a0", "ab", "tfruns.d"])
        #expect(try names("tfruns.d").contains("tfruns.d/metrics.json"))
        #expect(try store.artifact(ArtifactPath("a/y/z")!) == "a/y/z")
        #expect(try store.artifact(ArtifactPath(.metricsFrame))?.contains("\"n\"") == true)
        #expect(try store.file(ArtifactPath("a/none"), of: .one, page: .init(limit: 1)) == nil)
    }
}
