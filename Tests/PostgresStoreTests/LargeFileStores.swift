import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import S3Artifacts
import TestSupport

/// A store with a bucket of its own, and what is in the bucket.
struct LargeFileStores {
    let s3: S3Server
    let bucket: String
    let runs: PostgresHarness

    /// - Parameters:
    ///   - bucket: nil: an empty one
    ///   - least: bytes from which on a file is large
    ///   - patience: seconds to wait for S3
    ///   - proxy: by which S3 is reached; nil: it is directly
    ///   - change: of the settings
    init(
        on server: S3Server? = nil, _ bucket: String? = nil, least: Int = 1 << 20, patience: Double = 10,
        by proxy: HTTPProxy? = nil, _ change: (inout PostgresSettings) -> Void = { _ in }
    ) throws {
        s3 = try server ?? S3Server.shared.get()
        self.bucket = try bucket ?? s3.makeBucket()
        let objects = try Self.objects(s3, self.bucket, patience, by: proxy)
        runs = try PostgresHarness {
            ($0.objects, $0.leastObject, $0.objectRemovalSeconds) = (objects, least, 0.05)
            change(&$0)
        }
    }

    static func objects(
        _ s3: S3Server, _ bucket: String, _ patience: Double = 10, by proxy: HTTPProxy? = nil
    ) throws -> S3ObjectStore {
        let variables = proxy.map { s3.variables(by: $0) } ?? s3.variables
        var settings = try S3Settings("s3://\(bucket)/large") { variables[$0] }
        (settings.partSize, settings.patience) = (5 << 20, patience)
        return S3ObjectStore(settings)
    }

    var store: any RunStore { runs.store }

    /// Another server on the same database, which reaches S3 directly, or by another proxy.
    func another(by proxy: HTTPProxy? = nil) throws -> PostgresRunStore {
        var settings = PostgresSettings.tests
        settings.objects = try Self.objects(s3, bucket, by: proxy)
        return try PostgresRunStore(at: runs.address, settings: settings)
    }

    /// Asks for a file of run one to be written.
    func write(
        _ text: String, to path: ArtifactPath = model, of target: RunTarget = .run(.one)
    ) throws -> RunWrite {
        RunWrite(target, .change([.artifact(try runs.staged(text), path, if: { _ in true })]))
    }

    func keys() throws -> [String] { try s3.keys(in: bucket) }

    /// Runs SQL in the store's schema.
    @discardableResult
    func sql(_ text: String) throws -> String {
        try runs.server.sql("SET search_path = rundir; \(text)", in: runs.database)
    }

    /// Lets the time pass for which what was dropped can be read.
    func letTimePass() throws { try sql("UPDATE objects SET due = now() WHERE due > now()") }

    func isClean(_ count: Int) -> Bool {
        eventually { (try? keys().count) == count && (try? sql("SELECT count(*) FROM objects")) == "0\n" }
    }

    func blob(_ path: ArtifactPath, by store: (any RunStore)? = nil) throws -> any Blob {
        guard case .file(let blob)? = try (store ?? self.store).file(path, of: .one, page: .init(limit: 1)) else {
            throw StoreError.noFile(path)
        }
        return blob
    }

    static let model = ArtifactPath("model.bin")!

    /// A text of so many bytes, in which every line is another.
    static func text(_ bytes: Int) -> String {
        var text = ""
        text.reserveCapacity(bytes + 20)
        var line = 0
        while text.utf8.count < bytes {
            text += "line \(line)\n"
            line += 1
        }
        return String(text.prefix(bytes))
    }
}
