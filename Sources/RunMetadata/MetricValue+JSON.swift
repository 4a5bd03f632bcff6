package import JSON

extension MetricValue {
    /// The value that a text names: a non-finite number or null; nil if it names neither.
    package static func value(named text: String) -> JSONValue? {
        var text = text
        switch text.withUTF8({ named(UnsafeRawBufferPointer($0)) }) {
        case .missing: return .null
        case .nonFinite(let value): return .number(value.number)
        case .sent, nil: return nil
        }
    }
}
