/// A hash of a row's names in their order. Comparing two hashes, at the cost of comparing two numbers, shows that rows
/// have the same names.
///
/// It differs between processes, so that clients cannot make names with equal hashes.
package struct MetricsShape: Hashable, Sendable {
    private static let seed = UInt64.random(in: 1...UInt64.max)
    /// An odd number without a pattern (from the golden ratio, Knuth 6.4).
    private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

    private var hash = Self.seed

    /// The shape of a row without names.
    package init() {}

    /// Adds a name. The time of arrival does not count: a stored row has one whether it was sent or not.
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

    /// Adds another row. That changes nothing if it has the same names as all rows before.
    package mutating func add(_ other: MetricsShape) {
        if other != self { mix(other.hash) }
    }

    @inline(__always)
    private mutating func mix(_ word: UInt64) {
        let product = (hash ^ word).multipliedFullWidth(by: Self.factor)
        hash = product.high ^ product.low &+ Self.seed
    }
}
