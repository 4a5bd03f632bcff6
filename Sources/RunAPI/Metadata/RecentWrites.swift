internal import Glibc
internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata
internal import Synchronization

/// What was written of late, by path: the next row of a run need not have its path taken apart and its names checked again.
///
/// This is worth 7 % of the rows at 64 connections (`rows-64`, medians of 16 rounds with and without it, in turn).
///
/// Kept are those of whose head nothing matters but the path: JSON of a known length for a named run. They are found by the
/// path's bytes as they were sent, in the one place that these can have; another path with the same place takes it over.
final class RecentWrites: Sendable {
    private struct Entry {
        let path: [UInt8]
        let write: MetadataWrite
        /// What its route is counted by.
        let tag: Int
    }

    /// Places, a power of two.
    private static let capacity = 2048
    private let entries = Mutex([Entry?](repeating: nil, count: RecentWrites.capacity))

    /// What a request writes whose path is known.
    /// - Parameter generation: of the writers that are registered now (`RegisteredWriters.generation`)
    func find(_ exchange: HTTPExchange, generation: UInt64) -> MetadataWrite? {
        guard Self.isPlain(exchange) else { return nil }
        let (path, place) = (exchange.path, Self.place(of: exchange.path))
        return entries.withLock { entries in
            guard let entry = entries[place], entry.write.generation == generation, entry.path == path else {
                return nil
            }
            exchange.tag = entry.tag
            return entry.write
        }
    }

    /// Keeps what a request writes, if nothing of its head matters but the path.
    func keep(_ write: MetadataWrite, of exchange: HTTPExchange) {
        guard case .run = write.target, !write.writer.readsRequest, Self.isPlain(exchange) else { return }
        let entry = Entry(path: exchange.path, write: write, tag: exchange.tag)
        entries.withLock { $0[Self.place(of: entry.path)] = entry }
    }

    private static func isPlain(_ exchange: HTTPExchange) -> Bool {
        guard case .post = exchange.method, exchange.contentLength ?? 0 > 0, !exchange.hasQuery,
            let type = exchange.headerBytes("Content-Type"), isJSON(type)
        else { return false }
        return exchange.headerBytes("Content-Encoding") == nil && exchange.headerBytes("Run-Session") == nil
    }

    /// Whether a content type is `application/json` and nothing else (memcmp(3)).
    private static func isJSON(_ header: UnsafeRawBufferPointer) -> Bool {
        let json: StaticString = "application/json"
        guard let base = header.baseAddress, header.count == json.utf8CodeUnitCount else { return false }
        return memcmp(base, json.utf8Start, header.count) == 0
    }

    /// FNV-1a over the bytes. Who makes paths that share a place makes them only as slow as they would be without one.
    private static func place(of path: [UInt8]) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (capacity - 1)
    }
}
