internal import CZlib

/// Unpacks a body that came with `Content-Encoding: gzip` (RFC 9110 section 8.4.1.3).
package enum GzipDecoder {
    package enum Failure: Error, Equatable {
        /// It is no gzip, is damaged, or is cut short.
        case invalid
        /// It unpacks to more than the limit.
        case tooLarge(limit: Int)
    }

    /// Unpacks one or more gzip members (RFC 1952), to `limit` bytes at most (inflate()).
    package static func decode(_ packed: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
        var packed = packed
        var stream = z_stream()
        guard czlib_inflate_gzip(&stream) == Z_OK else { throw .invalid }
        defer { inflateEnd(&stream) }
        var unpacked: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let failure: Failure? = packed.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            while true {
                var code = Z_OK
                let produced = buffer.withUnsafeMutableBufferPointer { output in
                    stream.next_out = output.baseAddress
                    stream.avail_out = UInt32(output.count)
                    code = inflate(&stream, Z_NO_FLUSH)
                    return output.count - Int(stream.avail_out)
                }
                unpacked.append(contentsOf: buffer[..<produced])
                if unpacked.count > limit { return .tooLarge(limit: limit) }
                switch code {
                case Z_STREAM_END:
                    if stream.avail_in == 0 { return nil }
                    inflateReset(&stream)
                case Z_OK: continue
                default: return .invalid
                }
            }
        }
        if let failure { throw failure }
        return unpacked
    }
}
