/// Any JSON value, as it was sent: the order of names and the digits of numbers are kept.
///
/// Equality looks at that too: `{"a":1,"b":2}` and `{"b":2,"a":1}` differ, and so do `1` and `1.0`, and texts of other
/// scalars (`ExactText`).
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): ExactText(left) == ExactText(right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSONValue {
    /// Reads one JSON value from UTF-8.
    ///
    /// - Throws: The first fault found, with its byte offset.
    package static func parse(
        _ bytes: [UInt8],
        nonFinite: JSONParser.NonFinite = .refused
    ) throws(JSONSyntaxError) -> JSONValue {
        let parser = JSONParser()
        // withUnsafeBytes does not pass on typed errors, so a Result carries the error out.
        let result = bytes.withUnsafeBytes { buffer -> Result<JSONValue, JSONSyntaxError> in
            Result { () throws(JSONSyntaxError) in
                try parser.parse(buffer, nonFinite: nonFinite).value()
            }
        }
        return try withExtendedLifetime(parser) { () throws(JSONSyntaxError) in try result.get() }
    }

    /// Reads one JSON value from text.
    ///
    /// - Throws: The first fault found, with its offset in bytes of UTF-8.
    package static func parse(
        _ text: String,
        nonFinite: JSONParser.NonFinite = .refused
    ) throws(JSONSyntaxError) -> JSONValue {
        try parse(Array(text.utf8), nonFinite: nonFinite)
    }

    /// The object, if it is one.
    package var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    /// The elements, if it is an array.
    package var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The text, if it is a string.
    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, if it is one.
    package var number: JSONNumber? {
        if case .number(let number) = self { number } else { nil }
    }

    /// The truth value, if it is one.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of the member `name`, if it is an object that has one.
    package subscript(name: String) -> JSONValue? {
        object?[name]
    }

    /// Whether it is an object or an array, empty or not.
    package var isContainer: Bool {
        switch self {
        case .array, .object: true
        case .null, .bool, .number, .string: false
        }
    }
}
