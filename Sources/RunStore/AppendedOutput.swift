/// Console output that was appended.
package struct AppendedOutput: Sendable {
    /// The longest output whose bytes are kept here. Of longer output there is only the offset and the count.
    private static let longest = 16 << 10

    package let offset: Int
    package private(set) var count: Int
    /// Nil if there are more than `longest`.
    package private(set) var bytes: [UInt8]?

    package init(offset: Int, _ bytes: [UInt8]) {
        (self.offset, count) = (offset, bytes.count)
        self.bytes = count <= Self.longest ? bytes : nil
    }

    /// Adds output that was appended right after this.
    /// - Returns: false if it begins elsewhere
    package mutating func join(_ next: AppendedOutput) -> Bool {
        guard next.offset == offset + count else { return false }
        count += next.count
        if let more = next.bytes, count <= Self.longest { bytes? += more } else { bytes = nil }
        return true
    }
}
