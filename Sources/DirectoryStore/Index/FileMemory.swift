/// Reusable memory for reading files. For one thread at a time.
final class FileMemory {
    private var bytes: UnsafeMutableRawBufferPointer
    /// A larger buffer is freed when something smaller is read.
    private static let usual = 16 << 10

    init() { bytes = .allocate(byteCount: Self.usual, alignment: 16) }

    deinit { bytes.deallocate() }

    /// Room for `count` bytes, at least one.
    func room(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if count > bytes.count || bytes.count > Self.usual {
            bytes.deallocate()
            bytes = .allocate(byteCount: max(count, Self.usual), alignment: 16)
        }
        return bytes
    }
}
