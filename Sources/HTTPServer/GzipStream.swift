internal import CGunzip

/// Unpacks gzip (RFC 1952) as it comes, for a body that is too large for memory.
package final class GzipStream: @unchecked Sendable {
    // Sendable: used by one thread after another, as the parts come.
    private let gzip: OpaquePointer
    private let limit: Int
    private var unpacked = 0
    private var isComplete = false

    /// - Parameter limit: bytes that it may unpack to
    package init(limit: Int) throws(GzipDecoder.Failure) {
        self.limit = limit
        guard let gzip = cgunzip_make() else { throw .invalid }
        self.gzip = gzip
    }

    deinit { cgunzip_free(gzip) }

    /// Unpacks a part, one or more members, and hands on what comes of it.
    package func take(_ part: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            cgunzip_feed(gzip, part.baseAddress, part.count)
            var isFull = false
            while cgunzip_unread(gzip) > 0 || isFull {
                if isComplete {
                    cgunzip_next_member(gzip)
                    isComplete = false
                }
                var produced = 0
                let state = cgunzip_step(gzip, buffer.baseAddress, buffer.count, &produced)
                unpacked += produced
                if unpacked > limit { throw GzipDecoder.Failure.tooLarge(limit: limit) }
                if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: buffer[..<produced])) }
                if state == CGUNZIP_DAMAGED { throw GzipDecoder.Failure.invalid }
                isComplete = state == CGUNZIP_MEMBER_ENDED
                isFull = produced == buffer.count && !isComplete
            }
        }
    }

    /// Refuses what is cut short.
    package func finish() throws(GzipDecoder.Failure) { if !isComplete { throw .invalid } }
}
