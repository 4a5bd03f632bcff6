internal import HTTPServer
internal import RunMetadata
internal import Synchronization

/// The routes that requests took of late: the next row of a run need not have its path taken apart and its names checked
/// again.
///
/// Kept are those of whose head nothing matters but the path, and that it is as plain as most: JSON for a named run. They
/// are found by the path's bytes as they were sent, in the one place that these can have; another path with the same place
/// takes it over.
final class RecentRoutes: Sendable {
    private struct Entry {
        let path: [UInt8]
        let request: RoutedRequest
        /// Of the registry that the writer was found in.
        let generation: UInt64
    }

    /// Places, a power of two.
    private static let capacity = 2048
    private let entries = Mutex([Entry?](repeating: nil, count: RecentRoutes.capacity))

    /// Whether nothing of a request's head matters but its path.
    static func isPlain(_ exchange: HTTPExchange) -> Bool {
        guard case .post = exchange.method, exchange.contentLength ?? 0 > 0,
            let type = exchange.headerBytes("Content-Type"), MediaType.isJSON(type), !exchange.hasQuery
        else { return false }
        return exchange.headerBytes("Content-Encoding") == nil && exchange.headerBytes("Run-Session") == nil
    }

    /// The request that this path led to.
    func find(_ path: [UInt8], generation: UInt64) -> RoutedRequest? {
        let place = Self.place(of: path)
        return entries.withLock { entries in
            guard let entry = entries[place], entry.generation == generation, entry.path == path else { return nil }
            return entry.request
        }
    }

    /// Keeps what a plain request's path led to.
    func keep(_ request: RoutedRequest, path: [UInt8], generation: UInt64) {
        guard request.operation == .writeMetadata, case .run = request.target, !request.readsTheHead else { return }
        let place = Self.place(of: path)
        entries.withLock { $0[place] = Entry(path: path, request: request, generation: generation) }
    }

    /// FNV-1a over the bytes. Who makes paths that share a place makes them only as slow as they would be without one.
    private static func place(of path: [UInt8]) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int(truncatingIfNeeded: hash ^ (hash >> 32)) & (capacity - 1)
    }
}
