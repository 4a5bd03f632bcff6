import LocalFiles
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import S3Artifacts
import TestSupport
import Testing

/// Large files in SeaweedFS, beside runs in PostgreSQL.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct LargeFilesTests {
    /// A bucket that stores share, as several databases may.
    private static let sharedBucket = Result { try S3Server.shared.get().makeBucket() }

    /// All files are objects here, also those that are empty.
    @Test(arguments: StoreClaim.all)
    func theStoreKeepsItsClaim(_ claim: StoreClaim) throws {
        try claim.check(try LargeFileStores(Self.sharedBucket.get(), least: 0).runs)
    }

    @Test func aLargeFileIsAnObjectAndASmallOneIsNot() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        try stores.runs.publish(ArtifactPath("small")!, LargeFileStores.text(1 << 20 - 1))
        #expect(try stores.keys() == [])
        let text = LargeFileStores.text(12 << 20 + 5)
        let outcome = try stores.runs.publish(LargeFileStores.model, text)
        #expect(try stores.keys().count == 1)
        let blob = try stores.blob(LargeFileStores.model)
        #expect(outcome.version == blob.version && blob.size == text.utf8.count)
        try blob.checkContent()
        #expect(try blob.read() == Array(text.utf8))
        #expect(try stores.sql("SELECT count(*) FROM objects") == "0\n")
    }

    @Test func aReplacedFileCanBeReadForAWhileAndIsThenRemoved() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20))
        let before = try stores.blob(LargeFileStores.model)
        try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(3 << 20))
        #expect(try before.read() == Array(LargeFileStores.text(2 << 20).utf8))
        #expect(try stores.keys().count == 2)
        try stores.letTimePass()
        #expect(stores.isClean(1))
        #expect(try stores.blob(LargeFileStores.model).read() == Array(LargeFileStores.text(3 << 20).utf8))
        guard case .objectMissing? = refusal(of: before) else {
            Issue.record("what is gone was read")
            return
        }
        try stores.store.write(.run(.one), .change([.removeArtifact(LargeFileStores.model, if: { _ in true })]))
        try stores.letTimePass()
        #expect(stores.isClean(0))
    }

    private func refusal(of blob: any Blob) -> StoreError? {
        do throws(StoreError) {
            try blob.checkContent()
            return nil
        } catch { return error }
    }

    @Test func filesOfAPurgedRunAreRemoved() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        for name in ["a", "b"] { try stores.runs.publish(ArtifactPath(name)!, LargeFileStores.text(2 << 20)) }
        try stores.store.write(.run(.one), .purge(force: true))
        try stores.letTimePass()
        #expect(stores.isClean(0))
    }

    @Test func whatWaitedForARunStaysWithIt() throws {
        let stores = try LargeFileStores()
        let change = DataChange.artifact(
            try stores.runs.staged(LargeFileStores.text(2 << 20)), LargeFileStores.model, if: { _ in true })
        try stores.store.write(.active(.default), .change([change]))
        try stores.store.initialise(.one)
        try stores.letTimePass()
        #expect(stores.isClean(1))
        #expect(try stores.blob(LargeFileStores.model).read() == Array(LargeFileStores.text(2 << 20).utf8))
    }

    @Test func aRefusedWriteLeavesNothing() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        #expect(throws: StoreError.conditionFailed(LargeFileStores.model)) {
            try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20), if: { $0 != nil })
        }
        #expect(stores.isClean(0))
    }

    @Test func anUploadThatNobodyCommittedIsRemoved() throws {
        let stores = try LargeFileStores()
        let file = try stores.runs.staged(LargeFileStores.text(2 << 20))
        try LargeFileStores.objects(stores.s3, stores.bucket).put(file.path, size: 2 << 20, as: "lost")
        try stores.sql("INSERT INTO objects VALUES ('one', 'lost', false, now() + interval '1 day')")
        try stores.letTimePass()
        #expect(stores.isClean(0))
    }

    @Test func manyUploadsAtOnceAreAllThere() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        let count = 20
        let replies = Replies(count: count * 2)
        for number in 0..<count {
            let file = try stores.runs.staged("\(number)" + LargeFileStores.text(2 << 20))
            let path = try #require(ArtifactPath("file-\(number)"))
            stores.store.submit(RunWrite(.run(.one), .change([.artifact(file, path, if: { _ in true })]))) {
                replies.set(number, $0)
            }
            stores.store.submit(RunWrite(.run(.one), .change([.rows(try .make(["{\"n\":\(number)}"]))]))) {
                replies.set(count + number, $0)
            }
        }
        #expect(eventually { replies.all != nil })
        #expect(replies.all?.allSatisfy { $0.refusal == nil } == true)
        for number in 0..<count {
            let blob = try stores.blob(try #require(ArtifactPath("file-\(number)")))
            #expect(try blob.read() == Array("\(number)".utf8) + Array(LargeFileStores.text(2 << 20).utf8))
        }
        #expect(stores.isClean(count))
    }

    @Test func twoServersShareTheObjects() throws {
        let stores = try LargeFileStores()
        let other = try stores.runs.another()
        defer { other.close() }
        try stores.store.initialise(.one)
        try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20))
        #expect(try stores.blob(LargeFileStores.model, by: other).read() == Array(LargeFileStores.text(2 << 20).utf8))
        for number in 0..<10 { try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20 + number)) }
        try stores.letTimePass()
        #expect(stores.isClean(1))
        #expect(try stores.blob(LargeFileStores.model, by: other).size == 2 << 20 + 9)
    }

    @Test func anObjectThatIsGoneIsNamed() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20))
        let blob = try stores.blob(LargeFileStores.model)
        let key = try #require(try stores.keys().first)
        try stores.s3.remove(key, from: stores.bucket)
        #expect(refusal(of: blob) == .objectMissing("s3://\(stores.bucket)/\(key)"))
    }

    @Test func aServerWithoutArtifactsSaysThatItNeedsThem() throws {
        let stores = try LargeFileStores()
        try stores.store.initialise(.one)
        try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20))
        let other = try PostgresRunStore(at: stores.runs.address, settings: .tests)
        defer { other.close() }
        guard case .objectsUnreachable(let reason)? = refusal(of: try stores.blob(LargeFileStores.model, by: other))
        else {
            Issue.record("it was read")
            return
        }
        #expect(reason.contains("--artifacts"))
    }

    // MARK: S3 goes and comes back

    @Test func smallWritesGoOnWhileS3IsAway() throws {
        let stores = try LargeFileStores(on: S3Server(), patience: 0.3)
        let store = stores.store
        try store.initialise(.one)
        try stores.runs.publish(LargeFileStores.model, LargeFileStores.text(2 << 20))
        stores.s3.kill()
        let other = try #require(ArtifactPath("other"))
        let file = try stores.runs.staged(LargeFileStores.text(2 << 20))
        let refused = try store.refusal(
            of: RunWrite(.run(.one), .change([.artifact(file, other, if: { _ in true })])))
        guard case .objectsUnreachable? = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        #expect(store.warnings.map(\.name) == ["artifacts-unreachable"] && store.hindrances.isEmpty)
        try store.rows(.one, #"{"n":1}"#)
        try stores.runs.publish(ArtifactPath("small")!, "text")
        guard case .objectsUnreachable? = refusal(of: try stores.blob(LargeFileStores.model)) else {
            Issue.record("it was read")
            return
        }
        try stores.s3.start()
        #expect(eventually { store.warnings.isEmpty })
        try stores.runs.publish(other, LargeFileStores.text(2 << 20))
        #expect(try stores.blob(LargeFileStores.model).read() == Array(LargeFileStores.text(2 << 20).utf8))
        #expect(stores.isClean(2))
    }
}
