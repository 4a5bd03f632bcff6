internal import CMicroHTTPD

/// What a client would have, with a weight each: the values of `Accept` and `Accept-Encoding` (RFC 9110 sections
/// 12.4.2, 12.5.1, 12.5.3).
package struct WeightedList: Sendable {
    /// In lower case, without parameters, in the order in which they were sent. Weights are 0 to 1; 0 is "not this
    /// one".
    package let items: [(value: String, weight: Double)]

    /// Reads a field's value. An item whose weight cannot be read is left out.
    package init(_ field: String) {
        items = field.split(separator: ",").compactMap { item in
            let parts = item.split(separator: ";", omittingEmptySubsequences: false)
                .map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let value = parts.first, !value.isEmpty else { return nil }
            guard let weight = parts.dropFirst().first(where: { $0.hasPrefix("q=") }) else { return (value, 1) }
            guard let number = Double(weight.dropFirst(2)), (0...1).contains(number) else { return nil }
            return (value, number)
        }
    }

    /// The greatest weight among items of one of these names; nil where none is named.
    package func weight(of names: String...) -> Double? {
        items.filter { names.contains($0.value) }.map(\.weight).max()
    }

    /// What the item of the greatest weight stands for, and of several that have it the one that was sent first; nil
    /// where none stands for anything.
    package func preferred<Value>(_ value: (String) -> Value?) -> Value? {
        var best: (value: Value, weight: Double)?
        for (name, weight) in items where weight > best?.weight ?? 0 {
            if let value = value(name) { best = (value, weight) }
        }
        return best?.value
    }
}

extension HTTPExchange {
    /// A content coding for a reply: as it is, gzip where that is worth it, or gzip and nothing else.
    package enum Coding: Sendable { case identity, gzip, gzipOnly }

    /// The content coding that the client would have (RFC 9110 section 12.5.3).
    package var acceptedCoding: Coding {
        guard let field = joinedHeader("Accept-Encoding") else { return .identity }
        let list = WeightedList(field)
        let gzip = list.weight(of: "gzip", "x-gzip") ?? list.weight(of: "*") ?? 0
        guard gzip > 0 else { return .identity }
        guard let identity = list.weight(of: "identity") else {
            // "*;q=0" beside gzip means that too.
            return list.weight(of: "*") == 0 ? .gzipOnly : .gzip
        }
        return identity == 0 ? .gzipOnly : identity > gzip ? .identity : .gzip
    }

    /// The value of a field that may stand on several lines, joined by commas (RFC 9110 section 5.3;
    /// MHD_get_connection_values_n()); nil where there is none.
    package func joinedHeader(_ name: String) -> String? {
        final class Lines {
            let name: String
            var values: [String] = []
            init(_ name: String) { self.name = name }
        }
        let lines = Lines(name.lowercased())
        _ = MHD_get_connection_values_n(
            connection, .HEADER_KIND,
            { context, _, key, keySize, value, valueSize in
                let lines = Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue()
                guard keySize == lines.name.utf8.count else { return .YES }
                let key = String(decoding: UnsafeRawBufferPointer(start: key, count: keySize), as: UTF8.self)
                guard key.lowercased() == lines.name else { return .YES }
                lines.values.append(
                    String(decoding: UnsafeRawBufferPointer(start: value, count: valueSize), as: UTF8.self))
                return .YES
            }, Unmanaged.passUnretained(lines).toOpaque())
        return lines.values.isEmpty ? nil : lines.values.joined(separator: ", ")
    }
}
