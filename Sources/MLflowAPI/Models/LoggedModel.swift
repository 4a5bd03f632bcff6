internal import JSON
internal import RunMetadata

/// A logged model of MLflow 3: a document in its run's data directory; its artifacts are the run's, in a folder.
///
/// Its id contains the run's: `m-<run id>-<eight digits>`, so that it is found without an index.
struct LoggedModel: Sendable {
    let id: String
    let run: RunID
    let object: JSONObject
    /// Values of metrics that were logged with the model.
    var metrics: [JSONObject] = []

    /// The folder of the documents of a run's models.
    static let folder = DataPath("mlflow/models")!

    static func newID(of run: RunID) -> String {
        let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
        return "m-\(run)-\(String(repeating: "0", count: 8 - digits.count))\(digits)"
    }

    /// The id to use for a model of another server: its own if that contains the run's id, else one with its last
    /// digits.
    static func importedID(_ id: String, of run: RunID) -> String {
        if self.run(of: id) == run { return id }
        let digits = id.suffix(8)
        return digits.count == 8 && digits.allSatisfy(\.isHexDigit) ? "m-\(run)-\(digits)" : newID(of: run)
    }

    /// The run id in a model's id; nil if there is none.
    static func run(of id: String) -> RunID? {
        guard id.hasPrefix("m-"), let dash = id.lastIndex(of: "-"), dash > id.index(after: id.startIndex) else {
            return nil
        }
        return RunID(String(id[id.index(id.startIndex, offsetBy: 2)..<dash]))
    }

    static func file(_ id: String) -> DataPath? { DataPath("\(folder)/\(id).json") }

    var name: String { object["name"]?.string ?? "" }
    var experiment: String { object["experiment_id"]?.string ?? Experiment.defaultID }
    var created: Int { object["creation_timestamp_ms"]?.number?.int ?? 0 }
    var updated: Int { object["last_updated_timestamp_ms"]?.number?.int ?? 0 }

    /// The model in MLflow's form.
    /// - Parameter root: where the experiment's artifacts go
    func json(_ root: String) -> JSONObject {
        var info = JSONObject()
        for name in ["model_id", "experiment_id", "name", "creation_timestamp_ms", "last_updated_timestamp_ms"] {
            info[name] = object[name]
        }
        info["artifact_uri"] = .string("\(root)/\(run)/artifacts/models/\(id)")
        info["status"] = object["status"] ?? "LOGGED_MODEL_PENDING"
        info["model_type"] = object["model_type"]
        info["source_run_id"] = .string(run.description)
        if let tags = pairs("tags") { info["tags"] = tags }
        var data = JSONObject()
        if let params = pairs("params") { data["params"] = params }
        if !metrics.isEmpty { data["metrics"] = .array(metrics.map { .object($0) }) }
        return ["info": .object(info), "data": .object(data)]
    }

    private func pairs(_ name: String) -> JSONValue? {
        guard let list = object[name]?.object, !list.isEmpty else { return nil }
        return MLflowJSON.pairs(list.members.map { ($0.name, $0.value.string ?? "") })
    }
}

extension LoggedModel: Searchable {
    func value(of key: SearchKey) throws(MLflowError) -> SearchClause.Value? {
        switch (key.entity, key.name) {
        case (.tag, let name): return object["tags"]?[name]?.string.map { .text($0) }
        case (.param, let name): return object["params"]?[name]?.string.map { .text($0) }
        case (.metric, let name):
            let found = metrics.last { $0["key"]?.string == name }?["value"]
            return found.flatMap(MetricsRow.number).map { .number($0.double) }
        case (.attribute, "name"): return .text(name)
        case (.attribute, "model_id"): return .text(id)
        case (.attribute, "source_run_id"): return .text(run.description)
        case (.attribute, "experiment_id"): return .text(experiment)
        case (.attribute, "model_type"), (.attribute, "status"):
            return object[key.name]?.string.map { .text($0.replacing("LOGGED_MODEL_", with: "")) }
        case (.attribute, "creation_timestamp"), (.attribute, "creation_timestamp_ms"), (.attribute, "creation_time"):
            return .number(Double(created))
        case (.attribute, "last_updated_timestamp"), (.attribute, "last_updated_timestamp_ms"):
            return .number(Double(updated))
        default: throw .invalid("Invalid key '\(key.name)' of a logged model")
        }
    }
}
