package import JSON

extension MetricValue {
    /// The value that a text names, a number that is not finite or null; nil where it names none.
    package static func value(named text: String) -> JSONValue? {
        var text = text
        switch text.withUTF8({ named(UnsafeRawBufferPointer($0)) }) {
        case .missing: return .null
        case .nonFinite(let value): return .number(value.number)
        case .sent, nil: return nil
        }
    }
}
