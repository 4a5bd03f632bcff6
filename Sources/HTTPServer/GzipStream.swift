internal import CISAL
package import Limits

/// Unpacks gzip (RFC 1952) as it arrives, for a body that is too large for memory.
package final class GzipStream: @unchecked Sendable {
    // Sendable: used by one thread after another, as the parts come.
    private let gzip: OpaquePointer
    private let budget: Budget
    private var isComplete = false

    /// - Parameter budget: bytes of the unpacked body
    package init(budget: Budget) throws(GzipDecoder.Failure) {
        self.budget = budget
        guard let gzip = cgunzip_make() else { throw .invalid }
        self.gzip = gzip
    }

    deinit { cgunzip_free(gzip) }

    /// Unpacks a part of one or more members, and passes the result on. The result counts against the budget.
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
                try budget.take(produced, of: .bytes)
                if produced > 0 { try body(UnsafeRawBufferPointer(rebasing: buffer[..<produced])) }
                if state == CGUNZIP_DAMAGED { throw GzipDecoder.Failure.invalid }
                isComplete = state == CGUNZIP_MEMBER_ENDED
                isFull = produced == buffer.count && !isComplete
            }
        }
    }

    /// Throws if the gzip is truncated.
    package func finish() throws(GzipDecoder.Failure) { if !isComplete { throw .invalid } }
}
