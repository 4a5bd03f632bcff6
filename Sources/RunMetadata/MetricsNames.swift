package import JSON
package import Limits
internal import OrderedCollections

/// The distinct names of metrics in one body, counted as its rows come.
package struct MetricsNames {
    private let limit: Limit
    private var names: OrderedSet<[UInt8]> = []

    package init(_ limit: Limit) { self.limit = limit }

    /// Counts the names of the row that an object token holds.
    package mutating func add(rowAt object: Int, of tokens: JSONTokens, _ pointer: JSONPointer) throws(MetadataFault) {
        guard tokens.kind(at: object) == .objectBegin else { return }
        var token = object + 1
        // The name's index if rows have the same members.
        var guess = 0
        while tokens.kind(at: token) == .name {
            guess = try place(of: tokens.text(at: token), guess, pointer) + 1
            token = tokens.next(after: token + 1)
        }
    }

    private mutating func place(
        of name: UnsafeRawBufferPointer, _ guess: Int, _ pointer: JSONPointer
    ) throws(MetadataFault) -> Int {
        if guess < names.count, names[guess].count == name.count, names[guess].elementsEqual(name) { return guess }
        let (isNew, place) = names.append(Array(name))
        if isNew, place == limit.most { throw .excess(LimitExceeded(limit), "metrics", pointer) }
        return place
    }
}
