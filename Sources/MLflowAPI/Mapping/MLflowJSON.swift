internal import HTTPServer
internal import JSON

/// JSON as MLflow's server writes it (protobuf's JSON): int64 as numbers; NaN and infinities as `"NaN"`, `"Infinity"`,
/// `"-Infinity"`.
enum MLflowJSON {
    static func response(_ object: JSONObject) -> HTTPResponse {
        object.isEmpty
            ? empty
            : HTTPResponse(status: 200, type: "application/json", body: JSONWriter.compact(.object(object)))
    }

    private static let empty = HTTPResponse(status: 200, type: "application/json", body: Array("{}".utf8))

    static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// A double. A number outside of the doubles' range, which other clients may have sent, becomes an infinity:
    /// Python's client raises an exception for it.
    static func double(_ number: JSONNumber) -> JSONValue {
        let value = number.double
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return .number(number)
    }

    /// Milliseconds of a time in seconds.
    static func milliseconds(_ seconds: Double) -> Int { Int(exactly: (seconds * 1000).rounded()) ?? 0 }

    /// A list of names and values, as params and tags are.
    static func pairs(_ pairs: [(name: String, value: String)]) -> JSONValue {
        .array(pairs.map { ["key": .string($0.name), "value": .string($0.value)] })
    }
}
