import Glibc
import RunStore
import S3Artifacts
import TestSupport
import Testing
import Threads

/// Objects in SeaweedFS.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct S3ObjectStoreTests {
    /// Empty, small, one part exactly, a byte more, and several parts.
    @Test(arguments: [0, 1, 70_000, 5 << 20, 5 << 20 + 1, 12 << 20 + 17])
    func anObjectIsReadAsItWasPut(_ size: Int) throws {
        let harness = try S3Harness()
        try harness.store.put(harness.file(size: size), size: size, as: "one")
        #expect(try harness.server.keys(in: harness.bucket) == ["runs/large/one"])
        #expect(try harness.server.uploads(in: harness.bucket) == [])
        let reader = harness.store.reader(of: "one", size: size)
        try reader.check()
        var bytes: [UInt8] = []
        while bytes.count < size {
            let part = try S3Harness.read(reader, bytes.count..<bytes.count + 256 << 10)
            try #require(!part.isEmpty)
            bytes += part
        }
        #expect(bytes == S3Harness.bytes(0..<size))
        #expect(try S3Harness.read(reader, size..<size + 10) == [])
    }

    @Test func anyRangeIsRead() throws {
        let harness = try S3Harness()
        let size = 11 << 20
        try harness.store.put(harness.file(size: size), size: size, as: "one")
        let reader = harness.store.reader(of: "one", size: size)
        let ranges = [
            0..<10, 10..<20, 5..<8, 5 << 20 - 3..<5 << 20 + 3, size - 5..<size, 100..<2 << 20, 2 << 20..<4 << 20,
            4 << 20..<9 << 20, 0..<1,
        ]
        for range in ranges { #expect(try S3Harness.read(reader, range) == S3Harness.bytes(range), "\(range)") }
        #expect(try S3Harness.read(reader, size - 5..<size + 5) == S3Harness.bytes(size - 5..<size))
    }

    @Test func anObjectIsRemovedAndThenMissing() throws {
        let harness = try S3Harness()
        try harness.store.put(harness.file(size: 1000), size: 1000, as: "one")
        try harness.store.remove("one", isComplete: true)
        #expect(try harness.server.keys(in: harness.bucket) == [])
        try harness.store.remove("one", isComplete: true)
        try harness.store.remove("other", isComplete: false)
        let missing = StoreError.objectMissing("s3://\(harness.bucket)/runs/large/one")
        let reader = harness.store.reader(of: "one", size: 1000)
        #expect(refusal { try reader.check() } == missing)
        #expect(refusal { _ = try S3Harness.read(reader, 0..<10) } == missing)
    }

    @Test func anObjectOfAnotherSizeIsNoObject() throws {
        let harness = try S3Harness()
        try harness.store.put(harness.file(size: 1000), size: 1000, as: "one")
        let reader = harness.store.reader(of: "one", size: 1001)
        guard case .objectMissing? = refusal({ try reader.check() }) else {
            Issue.record("it was taken")
            return
        }
    }

    @Test func manyUploadsAtOnceAreAllWhole() throws {
        let harness = try S3Harness()
        let size = 6 << 20
        let path = harness.file(size: size)
        let uploads = (0..<6).map { number in
            BackgroundJob { [store = harness.store] in try store.put(path, size: size, as: "object\(number)") }
        }
        for upload in uploads { try upload.result() }
        for number in 0..<6 {
            #expect(try harness.read("object\(number)", size: size, 0..<size) == S3Harness.bytes(0..<size))
        }
    }

    // MARK: What is set wrong

    private func description(_ refusal: StoreError?) -> String {
        guard case .objectsUnreachable(let reason)? = refusal else { return "\(String(describing: refusal))" }
        return reason
    }

    @Test(arguments: [
        (["AWS_ACCESS_KEY_ID": "stranger"], "AWS_ACCESS_KEY_ID"),
        (["AWS_SECRET_ACCESS_KEY": "wrong"], "AWS_SECRET_ACCESS_KEY"),
        (["AWS_ENDPOINT_URL": "http://127.0.0.1:1"], "AWS_ENDPOINT_URL"),
    ])
    func whatIsSetWrongIsNamed(_ variables: [String: String], _ name: String) throws {
        let harness = try S3Harness()
        let store = try S3Harness.store(harness.server, harness.bucket, variables) { $0.patience = 0.3 }
        let path = harness.file(size: 10)
        let refused = refusal { try store.put(path, size: 10, as: "one") }
        for said in [store.hindrance() ?? "", description(refused)] {
            #expect(said.contains(name) && said.contains("s3://\(harness.bucket)/runs/large/"), "\(said)")
        }
        #expect(harness.store.hindrance() == nil)
    }

    @Test func aMissingBucketIsNamed() throws {
        let store = try S3Harness.store(try S3Server.shared.get(), "no-such-bucket")
        let said = store.hindrance() ?? ""
        #expect(said.contains("NoSuchBucket") && said.contains("create the bucket"), "\(said)")
    }
}

/// A server of S3 that goes and comes back. Each test has one of its own.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct LostS3Tests {
    @Test func anUploadGoesOnWhenTheServerComesBack() throws {
        let harness = try S3Harness(on: S3Server()) { $0.patience = 60 }
        let size = 90 << 20
        let path = harness.file(size: size)
        let upload = BackgroundJob { [store = harness.store] in try store.put(path, size: size, as: "one") }
        #expect(eventually { (try? harness.server.uploads(in: harness.bucket)) == ["runs/large/one"] })
        harness.server.kill()
        try harness.server.start()
        try upload.result()
        #expect(try harness.read("one", size: size, 40 << 20..<90 << 20) == S3Harness.bytes(40 << 20..<90 << 20))
        #expect(try harness.server.uploads(in: harness.bucket) == [])
    }

    @Test func anUploadThatIsGivenUpLeavesNothingOnceItIsRemoved() throws {
        let harness = try S3Harness(on: S3Server()) { $0.patience = 0.3 }
        let size = 90 << 20
        let path = harness.file(size: size)
        let upload = BackgroundJob { [store = harness.store] in try store.put(path, size: size, as: "one") }
        #expect(eventually { (try? harness.server.uploads(in: harness.bucket)) == ["runs/large/one"] })
        harness.server.kill()
        guard case .objectsUnreachable? = refusal({ try upload.result() }) else {
            Issue.record("the upload was not refused")
            return
        }
        try harness.server.start()
        #expect(try harness.server.keys(in: harness.bucket) == [])
        #expect(try harness.server.uploads(in: harness.bucket) == ["runs/large/one"])
        try harness.store.remove("one", isComplete: false)
        #expect(try harness.server.uploads(in: harness.bucket) == [])
    }

    @Test func aReaderGoesOnWhenTheServerComesBack() throws {
        let harness = try S3Harness(on: S3Server()) { $0.patience = 60 }
        let size = 40 << 20
        try harness.store.put(harness.file(size: size), size: size, as: "one")
        let reader = harness.store.reader(of: "one", size: size)
        let half = size / 2
        for start in stride(from: 0, to: half, by: 1 << 20) {
            let range = start..<start + 1 << 20
            #expect(try S3Harness.read(reader, range) == S3Harness.bytes(range))
        }
        harness.server.kill()
        try harness.server.start()
        for start in stride(from: half, to: size, by: 1 << 20) {
            let range = start..<start + 1 << 20
            #expect(try S3Harness.read(reader, range) == S3Harness.bytes(range))
        }
    }
}
