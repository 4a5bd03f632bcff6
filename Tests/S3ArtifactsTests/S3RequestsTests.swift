import RunStore
import S3Artifacts
import TestSupport
import Testing
import Threads

/// What is sent to S3, seen by a proxy before it.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct S3RequestsTests {
    private let harness: S3Harness
    private let proxy: HTTPProxy
    private let store: S3ObjectStore

    init() throws {
        harness = try S3Harness()
        proxy = try harness.server.proxy()
        store = try S3Harness.store(harness.server, harness.bucket, harness.server.variables(by: proxy)) {
            ($0.patience, $0.silence) = (30, 2)
        }
    }

    private static let size = 17 << 20

    private func read() throws -> Bool {
        try harness.read("one", size: Self.size, 0..<Self.size) == S3Harness.bytes(0..<Self.size)
    }

    /// AWS refuses what is not: `Content-Type` and all that begins with `x-amz-` (AWS Signature Version 4, "Create a
    /// canonical request").
    @Test func allThatHasToBeSignedIsSigned() throws {
        try store.put(harness.file(size: Self.size), size: Self.size, as: "one")
        try store.put(harness.file(size: 10), size: 10, as: "two")
        try store.reader(of: "two", size: 10).check()
        try store.remove("two", isComplete: false)
        let kinds = ["POST /\(harness.bucket)/runs/large/one?uploads", "PUT ", "HEAD ", "GET ", "DELETE "]
        for kind in kinds { #expect(proxy.heads.contains { $0.hasPrefix(kind) }, "\(kind)") }
        for head in proxy.heads {
            let fields = head.split(separator: "\r\n").dropFirst().map { $0.split(separator: ":")[0].lowercased() }
            let signed = head.lowercased().split(separator: "signedheaders=").last?.split(separator: ",").first
            let names = try #require(signed).split(separator: ";").map(String.init)
            for field in fields where ["host", "content-type"].contains(field) || field.hasPrefix("x-amz-") {
                #expect(names.contains(field), "\(field) of \(head)")
            }
            #expect(!head.contains("x-www-form-urlencoded"))
        }
    }

    @Test func anUploadThatWasBegunTwiceLeavesNothing() throws {
        proxy.loseReply { $0.hasPrefix("POST ") && $0.contains("?uploads") }
        try store.put(harness.file(size: Self.size), size: Self.size, as: "one")
        #expect(proxy.heads.count { $0.hasPrefix("POST ") && $0.contains("?uploads") } == 2)
        #expect(try harness.server.uploads(in: harness.bucket) == [])
        #expect(try read())
    }

    @Test func aPartWhoseReplyIsLostIsSentAgain() throws {
        proxy.loseReply { $0.contains("partNumber=2") }
        try store.put(harness.file(size: Self.size), size: Self.size, as: "one")
        #expect(proxy.heads.count { $0.contains("partNumber=2") } == 2)
        #expect(try read())
    }

    @Test func aCompletionWhoseReplyIsLostIsFound() throws {
        proxy.loseReply { $0.hasPrefix("POST ") && !$0.contains("?uploads") }
        try store.put(harness.file(size: Self.size), size: Self.size, as: "one")
        #expect(try read())
        #expect(try harness.server.uploads(in: harness.bucket) == [])
    }

    @Test func partsGoTogetherButFew() throws {
        proxy.hold { $0.contains("partNumber") }
        let upload = BackgroundJob { [store, path = harness.file(size: Self.size)] in
            try store.put(path, size: Self.size, as: "one")
        }
        let parts = { proxy.heads.filter { $0.contains("partNumber") }.count }
        #expect(eventually { parts() == 3 })
        proxy.release()
        try upload.result()
        #expect(parts() == 4)
        #expect(try read())
    }

    /// A server that takes connections and says nothing.
    @Test func silenceIsAFailure() throws {
        let store = try S3Harness.store(harness.server, harness.bucket, harness.server.variables(by: proxy)) {
            ($0.patience, $0.silence) = (0.1, 1)
        }
        try store.put(harness.file(size: 1000), size: 1000, as: "one")
        proxy.hold()
        let path = harness.file(size: 10)
        for call in [
            { try store.put(path, size: 10, as: "two") },
            { _ = try S3Harness.read(store.reader(of: "one", size: 1000), 0..<10) },
        ] {
            guard case .objectsUnreachable? = refusal(call) else {
                Issue.record("it was done")
                continue
            }
        }
    }
}
