/// Console output that was appended.
package struct AppendedOutput: Sendable {
    /// Bytes that are told as they are; of more, only where they stand.
    private static let longest = 16 << 10

    package let offset: Int
    package private(set) var count: Int
    /// Nil where there are many.
    package private(set) var bytes: [UInt8]?

    package init(offset: Int, _ bytes: [UInt8]) {
        (self.offset, count) = (offset, bytes.count)
        self.bytes = count <= Self.longest ? bytes : nil
    }

    /// Adds what was appended right behind it.
    /// - Returns: false where the other is not
    package mutating func join(_ next: AppendedOutput) -> Bool {
        guard next.offset == offset + count else { return false }
        count += next.count
        if let more = next.bytes, count <= Self.longest { bytes? += more } else { bytes = nil }
        return true
    }
}
