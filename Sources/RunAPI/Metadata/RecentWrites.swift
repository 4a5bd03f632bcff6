internal import Glibc
internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata
internal import Synchronization

/// A cache of recent writes by path, so that the path of a run's next row need not be parsed and checked again.
///
/// This is worth 7 % of the rows at 64 connections (`rows-64`, medians of 16 rounds with and without it, in turn).
///
/// Caches only requests that are decided by the path alone: JSON of a known length for a named run. They are found by
/// the path's bytes as sent, in the slot of their hash. Another path with the same slot replaces the entry.
final class RecentWrites: Sendable {
    private struct Entry {
        let path: [UInt8]
        let write: MetadataWrite
        /// The tag under which its route is counted.
        let tag: Int
    }

    /// The number of slots, a power of two.
    private static let capacity = 2048
    private let entries = Mutex([Entry?](repeating: nil, count: RecentWrites.capacity))

    /// The cached write of a request's path.
    /// - Parameter generation: the present `RegisteredWriters.generation`
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

    /// Caches a request's write, if the path alone decides it.
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

    /// Whether a content type is exactly `application/json` (memcmp(3)).
    private static func isJSON(_ header: UnsafeRawBufferPointer) -> Bool {
        let json: StaticString = "application/json"
        guard let base = header.baseAddress, header.count == json.utf8CodeUnitCount else { return false }
        return memcmp(base, json.utf8Start, header.count) == 0
    }

    /// FNV-1a over the bytes. Colliding paths are only as slow as without the cache.
    private static func place(of path: [UInt8]) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (capacity - 1)
    }
}
