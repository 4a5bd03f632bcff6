internal import CISAL

/// Compresses a reply's body for `Content-Encoding: gzip`, piece by piece. The same pieces give the same bytes.
package final class GzipEncoder: @unchecked Sendable {
    // Sendable: used by one thread after another, as the pieces are made.

    /// Out of memory.
    package struct Failure: Error {}

    private let gzip: OpaquePointer

    package init() throws(Failure) {
        guard let gzip = cgzip_make() else { throw Failure() }
        self.gzip = gzip
    }

    deinit { cgzip_free(gzip) }

    /// Compresses the next piece. The result may be empty until the last one.
    package func encode(_ piece: [UInt8], isLast: Bool) throws(Failure) -> [UInt8] {
        var packed: [UInt8] = []
        var hasFailed = false
        piece.withUnsafeBytes { piece in
            cgzip_feed(gzip, piece.baseAddress, piece.count, isLast)
            withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
                var count = 0
                repeat {
                    count = cgzip_step(gzip, buffer.baseAddress, buffer.count)
                    guard count <= buffer.count else {
                        hasFailed = true
                        return
                    }
                    packed += buffer[..<count]
                } while count == buffer.count
            }
        }
        if hasFailed { throw Failure() }
        return packed
    }

    /// Compresses a whole body.
    package static func encode(_ body: [UInt8]) throws(Failure) -> [UInt8] {
        try GzipEncoder().encode(body, isLast: true)
    }

    /// A source that compresses the parts of another one.
    package static func encode(_ source: @escaping ResponseStream.Source) throws(Failure) -> ResponseStream.Source {
        let encoder = try GzipEncoder()
        let state = Ended()
        return {
            while !state.isEnded {
                let part = try source()
                state.isEnded = part == nil
                let packed = try encoder.encode(part ?? [], isLast: state.isEnded)
                if !packed.isEmpty { return packed }
            }
            return nil
        }
    }

    // Sendable: a stream asks its source for one part at a time.
    private final class Ended: @unchecked Sendable {
        var isEnded = false
    }
}
