internal import JSON

/// One value of a metric.
struct MetricEntry: Sendable, Equatable {
    let key: String
    let value: JSONNumber
    /// Milliseconds since 1970.
    let timestamp: Int
    let step: Int

    var object: JSONObject {
        [
            "key": .string(key), "value": MLflowJSON.double(value), "timestamp": MLflowJSON.number(timestamp),
            "step": MLflowJSON.number(step),
        ]
    }

    var json: JSONValue { .object(object) }
}
