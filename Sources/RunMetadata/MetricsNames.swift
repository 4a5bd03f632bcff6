package import JSON
package import Limits
internal import OrderedCollections

/// The distinct names of metrics in one body, including those of nested objects, counted as the rows arrive.
package struct MetricsNames {
    private let limit: Limit
    private var names: OrderedSet<[UInt8]> = []

    package init(_ limit: Limit) { self.limit = limit }

    /// Counts the names of the row that an object token holds.
    package mutating func add(rowAt object: Int, of tokens: JSONTokens, _ pointer: JSONPointer) throws(MetadataFault) {
        guard tokens.kind(at: object) == .objectBegin else { return }
        // The name's index if rows have the same members.
        var guess = 0
        try add(membersOf: object, [], tokens, &guess, pointer)
    }

    /// Counts the names of an object's metrics. They begin with `path`.
    private mutating func add(
        membersOf object: Int, _ path: [UInt8], _ tokens: JSONTokens, _ guess: inout Int, _ pointer: JSONPointer
    ) throws(MetadataFault) {
        var token = object + 1
        while tokens.kind(at: token) == .name {
            var value = token + 1
            while tokens.kind(at: value) == .arrayBegin, tokens.memberCount(at: value) == 1 { value += 1 }
            if tokens.kind(at: value) == .objectBegin {
                let name = path + tokens.text(at: token) + [UInt8(ascii: ".")]
                // A longer one is refused with its row.
                if name.count <= MetadataName.longestMetric {
                    try add(membersOf: value, name, tokens, &guess, pointer)
                }
            } else if path.isEmpty {
                guess = try place(of: tokens.text(at: token), guess, pointer) + 1
            } else {
                guess = try place(of: path + tokens.text(at: token), guess, pointer) + 1
            }
            token = tokens.next(after: token + 1)
        }
    }

    private mutating func place(of name: [UInt8], _ guess: Int, _ pointer: JSONPointer) throws(MetadataFault) -> Int {
        var found: Result<Int, MetadataFault> = .success(guess)
        name.withUnsafeBytes { bytes in
            do throws(MetadataFault) { found = .success(try place(of: bytes, guess, pointer)) } catch {
                found = .failure(error)
            }
        }
        return try found.get()
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
