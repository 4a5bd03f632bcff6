internal import JSON
internal import RunMetadata

/// Lines of CSV (RFC 4180), each ended by a line feed, as R and pandas write them.
enum CSVText {
    static func line(_ fields: [String]) -> [UInt8] {
        var line: [UInt8] = []
        CSV.append(fields, missing: "", to: &line)
        return line + [UInt8(ascii: "\n")]
    }

    /// A value as a field; nil for a list or an object. A missing value is an empty field.
    static func field(_ value: JSONValue) -> String? {
        switch value {
        case .null: ""
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.text
        case .string(let text): text
        case .array, .object: nil
        }
    }

    /// A field as a value: missing if empty, a number if it reads as one, else text.
    static func value(_ field: [UInt8]) -> JSONValue {
        if field.isEmpty { return .null }
        let text = String(decoding: field, as: UTF8.self)
        if let number = JSONNumber(text), number.isFinite { return .number(number) }
        return .string(text)
    }
}
