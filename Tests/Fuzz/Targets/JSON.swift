import JSON

/// A document that is taken is written again as the same document, compact and pretty.
func fuzzJSON(_ input: [UInt8]) {
    if let value = try? JSONValue.parse(input, nonFinite: .refused) {
        for text in [JSONWriter.compact(value), JSONWriter.pretty(value)] {
            precondition((try? JSONValue.parse(text, nonFinite: .refused)) == value, "another document was written")
        }
    }
    // NaN and infinities are written as text.
    if let value = try? JSONValue.parse(input, nonFinite: .allowed) {
        let text = JSONWriter.compact(value)
        precondition((try? JSONValue.parse(text, nonFinite: .refused)) != nil, "what was written is no JSON")
    }
}
