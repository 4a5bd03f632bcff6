internal import JSON
internal import RunMetadata
internal import RunStore

/// Values of metrics as rows of a run: `{"loss":0.42,"step":3,"_time":1732440600.123}`.
///
/// Each value keeps its step and its time: what the rows' log has is the exact history, while a frame of metrics merges
/// the rows of a step. Values in a row that have the same step and time share a row, unless a name is repeated.
struct MetricRows {
    private var text: [UInt8] = []
    private var count = 0
    /// The names in the last row, its step and its time.
    private var names: Set<ExactText> = []
    private var place: (step: Int, time: Int)?
    /// What a row cannot hold: the model or dataset that a value belongs to.
    private var links: [UInt8] = []

    /// The largest time, milliseconds since 1970: the end of the year 9999, as far as rows go.
    private static let latest = 253_402_300_799_999

    /// Adds the value that a request has as `key`, `value`, `timestamp` and `step`.
    mutating func append(_ metric: MLflowParameters) throws(MLflowError) {
        let key = try metric.required("key")
        try MLflowName.check(key, "Metric")
        let value = try metric.number("value")
        guard let time = try metric.whole("timestamp") else { throw .missing("timestamp") }
        guard (0...Self.latest).contains(time) else {
            throw .invalid("Got invalid timestamp \(time) for metric '\(key)': it has to be milliseconds since 1970")
        }
        append(key, value, step: try metric.whole("step") ?? 0, time: time)
        if let model = try metric.text("model_id"), !model.isEmpty { try appendLink(of: metric, to: model) }
    }

    /// Notes the model that a value belongs to, and the dataset.
    mutating func appendLink(of metric: MLflowParameters, to model: String) throws(MLflowError) {
        var link = MetricEntry(
            key: try metric.required("key"), value: try metric.number("value"),
            timestamp: try metric.whole("timestamp") ?? 0, step: try metric.whole("step") ?? 0
        ).object
        link["model_id"] = .string(model)
        for name in ["dataset_name", "dataset_digest"] {
            if let text = try metric.text(name), !text.isEmpty { link[name] = .string(text) }
        }
        links += JSONWriter.compact(.object(link)) + [UInt8(ascii: "\n")]
    }

    /// - Parameter time: milliseconds since 1970
    mutating func append(_ key: String, _ value: JSONNumber, step: Int, time: Int) {
        let isSame = place.map { $0 == (step, time) } ?? false
        if isSame, names.insert(ExactText(key)).inserted {
            // Into the row before, in front of its end.
            text.removeLast(2)
        } else {
            names = [ExactText(key)]
            place = (step, time)
            count += 1
            text += "{\"\(MetricsColumnRole.stepName)\":\(step),\"\(MetricsColumnRole.timeName)\":".utf8
            text += JSONNumber(Double(time) / 1000).text.utf8
        }
        text.append(UInt8(ascii: ","))
        JSONWriter.append(string: MLflowName.row(ofMetric: key), to: &text)
        text.append(UInt8(ascii: ":"))
        // A number with very many digits is as good as the nearest double.
        JSONWriter.append(value.text.utf8.count > 40 ? JSONNumber(value.double) : value, to: &text)
        text += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }

    /// The log of values with a model, in the data directory.
    static let linksFile = DataPath("mlflow/model_metrics.ndjson")!

    var changes: [DataChange] {
        var changes: [DataChange] = []
        if count > 0 { changes.append(.rows(MetricsRows(checked: text, count: count))) }
        if !links.isEmpty { changes.append(.append(Self.linksFile, head: [], links)) }
        return changes
    }
}
