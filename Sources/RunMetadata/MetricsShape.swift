/// A hash of the names of a row, in their order, by which a row is known to have those of another at the cost of
/// comparing two numbers.
///
/// It differs from process to process, so that nobody can send names whose hashes are equal.
package struct MetricsShape: Hashable, Sendable {
    private static let seed = UInt64.random(in: 1...UInt64.max)
    /// An odd number without pattern (the golden ratio's, Knuth 6.4).
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var hash = Self.seed

    /// Of a row without names.
    package init() {}

    /// Adds a name. The time of arrival, which a stored row has whether it was sent or not, does not count.
    @inline(__always)
    package mutating func add(_ name: UnsafeRawBufferPointer) {
        if name.count == 5, MetricsColumnRole(name) == .time { return }
        mix(UInt64(truncatingIfNeeded: name.count))
        var place = 0
        while place + 8 <= name.count {
            mix(name.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            place += 8
        }
        var rest: UInt64 = 0
        while place < name.count {
            rest = rest << 8 | UInt64(name[place])
            place += 1
        }
        mix(rest)
    }

    /// Adds another row, which changes nothing if it has the names of all those before.
    package mutating func add(_ other: MetricsShape) {
        if other != self { mix(other.hash) }
    }

    @inline(__always)
    private mutating func mix(_ word: UInt64) {
        let product = (hash ^ word).multipliedFullWidth(by: Self.factor)
        hash = product.high ^ product.low &+ Self.seed
    }
}
