internal import CZlib

/// Unpacks gzip (RFC 1952) as it comes, for a body that is too large for memory.
package final class GzipStream: @unchecked Sendable {
    // Sendable: used by one thread after another, as the parts come.
    private var stream = z_stream()
    private let limit: Int
    private var unpacked = 0
    private var isComplete = false

    /// - Parameter limit: bytes that it may unpack to
    package init(limit: Int) throws(GzipDecoder.Failure) {
        self.limit = limit
        guard czlib_inflate_gzip(&stream) == Z_OK else { throw .invalid }
    }

    deinit { inflateEnd(&stream) }

    /// Unpacks a part (inflate()), one or more members, and hands on what comes of it.
    package func take(_ part: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        try part.withMemoryRebound(to: UInt8.self) { input in
            // Mutable in its type only: zlib.h declares it so unless ZLIB_CONST is set.
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            while stream.avail_in > 0 || stream.avail_out == 0 {
                if isComplete {
                    if stream.avail_in == 0 { return }
                    inflateReset(&stream)
                    isComplete = false
                }
                var code = Z_OK
                let produced = buffer.withUnsafeMutableBufferPointer { output in
                    stream.next_out = output.baseAddress
                    stream.avail_out = UInt32(output.count)
                    code = inflate(&stream, Z_NO_FLUSH)
                    return output.count - Int(stream.avail_out)
                }
                unpacked += produced
                if unpacked > limit { throw GzipDecoder.Failure.tooLarge(limit: limit) }
                if produced > 0 {
                    try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<produced])) }
                }
                switch code {
                case Z_STREAM_END: isComplete = true
                case Z_OK: continue
                // No room and nothing to read: all of the part is taken.
                case Z_BUF_ERROR: return
                default: throw GzipDecoder.Failure.invalid
                }
            }
        }
    }

    /// Refuses what is cut short.
    package func finish() throws(GzipDecoder.Failure) { if !isComplete { throw .invalid } }
}
