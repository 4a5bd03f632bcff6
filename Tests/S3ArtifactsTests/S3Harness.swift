import Glibc
import RunStore
import S3Artifacts
import TestSupport

/// An object store in a bucket of its own, and files to put into it.
struct S3Harness {
    let server: S3Server
    let bucket: String
    let store: S3ObjectStore
    private let folder = TemporaryFolder()

    /// - Parameters:
    ///   - server: nil: the one that tests share
    ///   - change: of the settings
    init(on server: S3Server? = nil, _ change: (inout S3Settings) -> Void = { _ in }) throws {
        self.server = try server ?? S3Server.shared.get()
        bucket = try self.server.makeBucket()
        store = try Self.store(self.server, bucket, [:], change)
    }

    static func store(
        _ server: S3Server, _ bucket: String, _ variables: [String: String] = [:],
        _ change: (inout S3Settings) -> Void = { _ in }
    ) throws -> S3ObjectStore {
        let all = server.variables.merging(variables) { $1 }
        var settings = try S3Settings("s3://\(bucket)/runs/large") { all[$0] }
        // The least that S3 takes.
        settings.partSize = 5 << 20
        change(&settings)
        return S3ObjectStore(settings)
    }

    /// Makes a file whose bytes tell where they stand.
    func file(size: Int) -> String {
        let path = "\(folder.path)/file-\(size)"
        let file = fopen(path, "w")
        fwrite(Self.bytes(0..<size), 1, size, file)
        fclose(file)
        return path
    }

    /// What stands in such a file: blocks that begin with their number.
    static func bytes(_ range: Range<Int>) -> [UInt8] {
        let first = range.lowerBound / block.count
        var bytes: [UInt8] = []
        for number in first...max(first, (range.upperBound - 1) / block.count) {
            withUnsafeBytes(of: number) { bytes += $0 }
            bytes += block[8...]
        }
        let start = range.lowerBound - first * block.count
        return Array(bytes[start..<start + range.count])
    }

    private static let block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 * 7 ^ $0 >> 8) }

    func read(_ name: String, size: Int, _ range: Range<Int>) throws -> [UInt8] {
        try Self.read(store.reader(of: name, size: size), range)
    }

    static func read(_ reader: any ObjectReader, _ range: Range<Int>) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = try bytes.withUnsafeMutableBytes { try reader.read(at: range.lowerBound, into: $0) }
        return Array(bytes[..<count])
    }
}

/// Why a store refused; nil if it did not.
func refusal(_ body: () throws -> Void) -> StoreError? {
    do { try body() } catch { return error as? StoreError }
    return nil
}
