package import JSON

extension MetricValue {
    /// The value that a text names, a number that is not finite or null; nil where it names none.
    package static func value(named text: String) -> JSONValue? {
        var text = text
        switch text.withUTF8({ named(UnsafeRawBufferPointer($0)) }) {
        case .missing: return .null
        // In quotes.
        case .literal(let quoted):
            return JSONNumber(String(quoted.description.dropFirst().dropLast())).map { .number($0) }
        case .sent, nil: return nil
        }
    }
}
