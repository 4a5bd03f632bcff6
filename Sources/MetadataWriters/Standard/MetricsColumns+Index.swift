internal import JSON

/// Frames with pandas' index: whole numbers name the values within each column, or the rows.
extension MetricsColumns {
    /// Whether the document is an object of objects with the same names, all whole numbers: pandas' index.
    static func isIndexed(_ tokens: JSONTokens) -> Bool {
        var token = 1
        let first = token + 1
        guard tokens.kind(at: first) == .objectBegin, tokens.memberCount(at: first) > 0 else { return false }
        while tokens.kind(at: token) == .name {
            let (value, count) = (token + 1, tokens.memberCount(at: token + 1))
            guard tokens.kind(at: value) == .objectBegin, count == tokens.memberCount(at: first) else { return false }
            var (one, other) = (value + 1, first + 1)
            for _ in 0..<count {
                let name = tokens.text(at: one)
                guard isWhole(name), name.elementsEqual(tokens.text(at: other)) else { return false }
                (one, other) = (tokens.next(after: one + 1), tokens.next(after: other + 1))
            }
            token = tokens.next(after: value)
        }
        return true
    }

    /// Whether the document is an object of objects whose own names are whole numbers: rows by pandas' index.
    static func isByIndex(_ tokens: JSONTokens) -> Bool {
        guard tokens.kind(at: 0) == .objectBegin, tokens.memberCount(at: 0) > 0 else { return false }
        var token = 1
        while tokens.kind(at: token) == .name {
            guard isWhole(tokens.text(at: token)), tokens.kind(at: token + 1) == .objectBegin else { return false }
            token = tokens.next(after: token + 1)
        }
        return true
    }

    private static func isWhole(_ name: UnsafeRawBufferPointer) -> Bool {
        !name.isEmpty && name.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }

    static func members(_ object: Int, _ tokens: JSONTokens) -> [Int] {
        var values: [Int] = []
        var token = object + 1
        while tokens.kind(at: token) == .name {
            values.append(token + 1)
            token = tokens.next(after: token + 1)
        }
        return values
    }
}
