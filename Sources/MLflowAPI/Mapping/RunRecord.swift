internal import JSON
internal import RunMetadata
internal import RunStore

/// A run in MLflow's form, made from the columns of a listing.
struct RunRecord: Sendable {
    let run: RunID
    let isArchived: Bool
    private let columns: JSONObject
    /// Milliseconds since 1970.
    private let updated: Int

    init(_ listed: ListedRun) {
        (run, columns, isArchived) = (listed.run, listed.columns, listed.status == .archived)
        updated = MLflowJSON.milliseconds(listed.updated)
    }

    init(_ snapshot: RunSnapshot) {
        (run, columns, isArchived) = (snapshot.run, snapshot.summary.columns, snapshot.status == .archived)
        updated = MLflowJSON.milliseconds(snapshot.updated)
    }

    /// The id of its experiment.
    var experiment: String { columns[MLflowName.experimentID.description]?.string ?? Experiment.defaultID }

    var status: MLflowStatus {
        if columns["error_message"] != nil { return .failed }
        guard columns["end"] != nil || columns["property_end"] != nil else { return .running }
        return columns["completed"]?.bool == true ? .finished : .killed
    }

    /// - Parameter experiments: used to find where the experiment's artifacts go
    func info(_ experiments: ExperimentList) -> JSONObject {
        let root = experiments[experiment]?.artifactRoot ?? "mlflow-artifacts:/\(experiment)"
        var info: JSONObject = [
            "run_uuid": .string(run.description), "experiment_id": .string(experiment),
            "run_name": .string(columns["mlflow.runName"]?.string ?? run.description),
            "user_id": .string(columns["mlflow.user"]?.string ?? ""), "status": .string(status.rawValue),
            "start_time": MLflowJSON.number(start),
        ]
        if status.isEnd { info["end_time"] = MLflowJSON.number(time("end") ?? updated) }
        info["artifact_uri"] = .string("\(root)/\(run)/artifacts")
        info["lifecycle_stage"] = isArchived ? "deleted" : "active"
        info["run_id"] = .string(run.description)
        return info
    }

    /// When it started, milliseconds since 1970.
    var start: Int { time("start") ?? updated }

    private func time(_ column: String) -> Int? {
        columns[column]?.number.map { MLflowJSON.milliseconds($0.double) }
    }

    /// Params, tags and the last value of each metric.
    /// - Parameter latest: the last entries of metrics, where they are known; a listing has no steps for the others
    func data(latest: [MetricEntry] = []) -> JSONObject {
        var (params, tags): ([(name: String, value: String)], [(name: String, value: String)]) = ([], [])
        var metrics = latest.map(\.json)
        let known = Set(latest.map { ExactText($0.key) })
        for member in columns.members {
            let name = member.name
            if name.utf8.starts(with: "flag_".utf8) {
                if let value = Self.text(member.value) { params.append((String(name.dropFirst(5)), value)) }
            } else if name.utf8.starts(with: "metric_".utf8) {
                let key = MLflowName.metric(ofRow: String(name.dropFirst(7)))
                guard let number = member.value.number, !known.contains(ExactText(key)) else { continue }
                metrics.append(.object(MetricEntry(key: key, value: number, timestamp: updated, step: 0).object))
            } else if let property = MLflowName.property(ofColumn: name), MLflowName.isTag(property: property),
                let value = Self.text(member.value)
            {
                tags.append((MLflowName.tag(ofProperty: property), value))
            }
        }
        var data = JSONObject()
        if !metrics.isEmpty { data["metrics"] = .array(metrics) }
        if !params.isEmpty { data["params"] = MLflowJSON.pairs(params) }
        if !tags.isEmpty { data["tags"] = MLflowJSON.pairs(tags) }
        return data
    }

    /// The names of the metrics, as rows have them, and their last values.
    var metricRows: [(name: String, value: JSONNumber)] {
        columns.members.compactMap { member in
            guard member.name.utf8.starts(with: "metric_".utf8), let value = member.value.number else { return nil }
            return (String(member.name.dropFirst(7)), value)
        }
    }

    /// A flag or a property as text.
    static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number): number.text
        case .bool(let flag): flag ? "true" : "false"
        case .null: nil
        case .array, .object: String(decoding: JSONWriter.compact(value), as: UTF8.self)
        }
    }
}
