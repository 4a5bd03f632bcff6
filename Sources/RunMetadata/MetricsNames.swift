package import JSON
package import Limits

/// The different names of the metrics in one body, counted as its rows come.
package struct MetricsNames {
    private let limit: Limit
    private var names: [[UInt8]] = []
    private var places: [[UInt8]: Int] = [:]

    package init(_ limit: Limit) { self.limit = limit }

    /// Counts the names of the row that an object token holds.
    package mutating func add(rowAt object: Int, of tokens: JSONTokens, _ pointer: JSONPointer) throws(MetadataFault) {
        guard tokens.kind(at: object) == .objectBegin else { return }
        var token = object + 1
        // Where the name stands when rows look alike.
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
        let bytes = Array(name)
        if let place = places[bytes] { return place }
        if names.count == limit.most { throw .excess(LimitExceeded(limit), "metrics", pointer) }
        names.append(bytes)
        places[bytes] = names.count - 1
        return names.count - 1
    }

    /// Checks the names of a whole frame: an object token whose members are columns.
    package static func check(
        frameAt object: Int, of tokens: JSONTokens, _ limit: Limit
    ) throws(MetadataFault) {
        if tokens.memberCount(at: object) > limit.most { throw .excess(LimitExceeded(limit), "metrics") }
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let name = tokens.text(at: token)
            guard MetadataName.isAllowed(name, atMost: MetadataName.longestMetric) else {
                throw MetadataName.fault(
                    name, atMost: MetadataName.longestMetric, "metrics",
                    JSONPointer().appending(tokens.string(at: token)))
            }
            token = tokens.next(after: token + 1)
        }
    }
}
