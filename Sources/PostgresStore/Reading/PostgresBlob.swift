internal import RunMetadata
internal import RunStore

/// A content as it was when it was found. Its bytes up to the size at that time do not change, and are read on demand.
/// A content that is replaced can still be read for `Schema.keptSeconds`.
final class PostgresBlob: Blob, MetricsText {
    let size: Int
    let modified: Double
    private let run: String
    private let content: Int
    private let pool: ConnectionPool
    private let bytes: [UInt8]?
    /// Reads the object that has the bytes; nil: pieces have them.
    private let object: Result<any ObjectReader, StoreError>?

    init(_ file: KnownFile, of run: String, pool: ConnectionPool) {
        (size, modified, content, bytes) = (file.size, file.modified, file.content, file.bytes)
        (self.run, self.pool) = (run, pool)
        object = file.object.map { name in
            pool.objects.map { .success($0.reader(of: name, size: file.size)) }
                ?? .failure(.objectsUnreachable("the file is in S3; start this server too with --artifacts"))
        }
    }

    var isRemote: Bool { object != nil }

    func checkContent() throws(StoreError) { try object?.get().check() }

    var version: BlobVersion { KnownFile.version(content, size) }
    var identity: UInt64 { UInt64(content) }

    /// The most bytes that are requested at once.
    private static let part = 4 << 20

    private static let sql = PieceRange.sql(run: "$1", content: "$2", from: "$3", size: "$4")

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        if let object { return try object.get().read(at: offset, into: buffer) }
        let end = min(size, offset + buffer.count)
        var done = 0
        while offset + done < end {
            let start = offset + done
            let count = min(end - start, Self.part)
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<(done + count)])
            if let bytes {
                part.copyBytes(from: bytes[start..<(start + count)])
            } else {
                let found = try pool.read { connection throws(DatabaseError) in
                    let rows = try connection.run(
                        Statement(Self.sql, .text(run), .int(content), .int(start), .int(count)))
                    return PieceRange.cut(rows, 0, start: 0, bytes: 1, from: start, size: count)
                }
                guard let found else { throw .failed("a content of \(run) was replaced long ago, and is gone") }
                part.copyBytes(from: found)
            }
            done += count
        }
        return done
    }
}

/// Bytes in memory that were made from a file, such as the frame of rows.
final class MadeBlob: Blob, MetricsText {
    let modified: Double
    let version: BlobVersion
    let identity: UInt64
    private let bytes: [UInt8]

    init(_ bytes: [UInt8], of file: KnownFile) {
        (self.bytes, modified, identity) = (bytes, file.modified, UInt64(file.content))
        version = BlobVersion(file.version.text + "-made")
    }

    var size: Int { bytes.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        let part = bytes.dropFirst(offset).prefix(buffer.count)
        buffer.copyBytes(from: part)
        return part.count
    }
}
