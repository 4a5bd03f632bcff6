package import JSON

/// A run in one row: the columns of tfruns' `ls_runs()`.
package struct RunSummary: Sendable {
    /// The columns in order; what the run does not have is left out.
    package private(set) var columns = JSONObject()

    /// The numeric properties that `ls_runs()` knows.
    private static let numericProperties: Set<String> = [
        "start", "end", "samples", "validation_samples", "steps", "epochs", "batch_size", "learning_rate",
    ]

    /// Makes the row.
    /// - Parameters:
    ///   - properties: names and texts
    ///   - flags, evaluation, error: the documents, where there are
    ///   - metrics: the frame, where there is one
    package init(
        run: RunID, properties: [(name: String, text: String)], flags: JSONObject?, evaluation: JSONObject?,
        error: JSONObject?, metrics: MetricsFrame?
    ) {
        columns["run"] = .string(run.description)
        let values = properties.map { ($0.name, Self.value(of: $0.name, $0.text)) }
        let leading = ["start", "end", "completed", "type", "context", "script"]
        for name in leading {
            if let value = values.first(where: { $0.0 == name })?.1 { columns[name] = value }
        }
        if let flags { add(flags, prefix: "flag_") }
        if let metrics { add(metrics) }
        if let evaluation { add(evaluation, prefix: "eval_") }
        if let message = error?["message"] { columns["error_message"] = message }
        for (name, value) in values where columns[name] == nil { columns[name] = value }
        if let metrics, let last = metrics.columns.indices.last {
            let name = columns["epochs"] == nil ? "steps_completed" : "epochs_completed"
            columns[name] = .number(JSONNumber(metrics.presentCount(column: last)))
        }
    }

    /// Whether the run has ended well; nil while nothing says so.
    package var completed: Bool? { columns["completed"]?.bool }

    /// When it ended, seconds since 1970.
    package var end: Double? { columns["end"]?.number?.double }

    /// Where the run stands.
    /// - Parameters:
    ///   - updated: when something was written last, seconds since 1970
    ///   - now: the time, likewise
    ///   - staleAfter: seconds without a write after which a running run is stale
    package func status(updated: Double, now: Double, staleAfter: Double) -> RunStatus {
        if columns["end"] != nil { return completed == true ? .completed : .failed }
        if columns["error_message"] != nil { return .failed }
        return now - updated > staleAfter ? .stale : .running
    }

    private static func value(of name: String, _ text: String) -> JSONValue {
        if name == "completed", let flag = PropertyText.flag(text) { return .bool(flag) }
        if numericProperties.contains(name), let number = JSONNumber(text), number.isFinite { return .number(number) }
        return .string(text)
    }

    /// A column a value: nested names joined by a dot, elements of an array numbered from 1, as R's `unlist()` does.
    private mutating func add(_ object: JSONObject, prefix: String) {
        for member in object.members { add(member.value, named: prefix + member.name) }
    }

    private mutating func add(_ value: JSONValue, named name: String) {
        switch value {
        case .object(let object): for member in object.members { add(member.value, named: "\(name).\(member.name)") }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                add(element, named: elements.count == 1 ? name : "\(name)\(index + 1)")
            }
        case .null: return
        default: columns[name] = value
        }
    }

    private mutating func add(_ metrics: MetricsFrame) {
        for (index, column) in metrics.columns.enumerated()
        where column.name != MetricsKey.epoch && column.name != MetricsKey.step {
            if let value = metrics.lastValue(column: index) { columns["metric_" + column.name] = .number(value) }
        }
    }
}
