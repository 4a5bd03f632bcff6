internal import JSON

/// Lines of CSV (RFC 4180), each ended by a line feed, as R and pandas write them.
enum CSVText {
    static func line(_ fields: [String]) -> [UInt8] {
        Array((fields.map(quoted).joined(separator: ",") + "\n").utf8)
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

    private static func quoted(_ field: String) -> String {
        let isPlain = field.utf8.allSatisfy {
            $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r")
        }
        return isPlain ? field : "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
