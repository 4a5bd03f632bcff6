internal import CISAL

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), computed piece by piece.
struct CRC32C {
    /// The state of `crc32_iscsi()`, which inverts neither at the start nor at the end.
    private var register = UInt32.max

    /// The checksum of the bytes so far; 0 without any.
    var value: UInt32 { ~register }

    /// Adds any number of bytes (`crc32_iscsi()` takes an `int`).
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes.bindMemory(to: UInt8.self)
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = min(rest.count, 1 << 30)
            register = crc32_iscsi(UnsafeMutablePointer(mutating: start), Int32(count), register)
            rest = UnsafeBufferPointer(rebasing: rest[count...])
        }
    }
}
