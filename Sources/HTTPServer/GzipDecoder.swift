package import Limits

/// Unpacks a body that came with `Content-Encoding: gzip` (RFC 9110 section 8.4.1.3).
package enum GzipDecoder {
    package enum Failure: Error, Equatable {
        /// It is not gzip, is damaged, or is truncated.
        case invalid
    }

    /// Unpacks one or more gzip members (RFC 1952).
    /// - Parameter budget: bytes of the unpacked body
    /// - Throws: `Failure`, `LimitExceeded`
    package static func decode(_ packed: [UInt8], budget: Budget) throws -> [UInt8] {
        var unpacked: [UInt8] = []
        let stream = try GzipStream(budget: budget)
        try packed.withUnsafeBytes { try stream.take($0) { unpacked.append(contentsOf: $0) } }
        try stream.finish()
        return unpacked
    }
}
