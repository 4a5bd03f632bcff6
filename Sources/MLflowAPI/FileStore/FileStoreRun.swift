internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A run in MLflow's file store.
struct FileStoreRun {
    let run: RunID
    let folder: FileStoreFolder
    let meta: [String: String]
    let isDeleted: Bool

    /// - Throws: why it is not a run
    init(_ folder: FileStoreFolder) throws(FileStoreImport.Refusal) {
        guard let meta = folder.meta() else {
            throw FileStoreImport.Refusal("its meta.yaml is missing or cannot be read")
        }
        let id = meta["run_id"] ?? meta["run_uuid"] ?? folder.name
        guard let run = RunID(id) else { throw FileStoreImport.Refusal("\"\(id)\" is not a run id; \(RunID.rule)") }
        (self.run, self.folder, self.meta) = (run, folder, meta)
        isDeleted = meta["lifecycle_stage"] == "deleted"
    }

    var status: MLflowStatus {
        let names: [MLflowStatus] = [.running, .scheduled, .finished, .failed, .killed]
        guard let text = meta["status"] else { return .running }
        if let number = Int(text), (1...5).contains(number) { return names[number - 1] }
        return MLflowStatus(rawValue: text) ?? .running
    }

    /// Seconds since 1970, as text of a property.
    private func time(_ name: String) -> String? {
        meta[name].flatMap { Int($0) }.map { PropertyText.seconds(Double($0) / 1000) }
    }

    /// What the run starts with.
    /// - Parameter leftOut: is told what cannot be kept
    func start(in experiment: Experiment, leftOut: (String) -> Void) throws -> RunStart {
        var start = RunStart()
        func add(_ name: PropertyName, _ text: String) { start.properties.append((name, PropertyText.file(text))) }
        var tags = try folder.folder("tags").texts()
        if let name = meta["run_name"], !tags.contains(where: { $0.name == "mlflow.runName" }) {
            tags.append(("mlflow.runName", name))
        }
        if let user = meta["user_id"], !tags.contains(where: { $0.name == "mlflow.user" }) {
            tags.append(("mlflow.user", user))
        }
        for (tag, value) in tags {
            guard let name = MLflowName.property(ofTag: tag) else {
                leftOut("the tag \"\(tag)\", whose name is too long")
                continue
            }
            add(name, value)
        }
        if experiment.id != Experiment.defaultID {
            add(MLflowName.experimentID, experiment.id)
            add(MLflowName.experiment, experiment.name)
        }
        if let time = time("start_time") { add(.start, time) }
        if status.isEnd {
            // A run that was killed hard has no time of its end.
            add(.end, time("end_time") ?? time("start_time") ?? PropertyText.seconds(wallClock()))
            add(.completed, status == .finished ? "TRUE" : "FALSE")
        }
        var flags = JSONObject()
        for (name, value) in try folder.folder("params").texts() { flags[name] = ParamValue.flag(value) }
        if !flags.isEmpty { start.flags = NamedListFiles(flags) }
        return start
    }

    /// One value of a metric, and its place in all files.
    private struct Value {
        let key: String
        let value: JSONNumber
        let time: Int
        let step: Int
    }

    /// The values of all metrics as rows, in the order of their times.
    /// - Returns: parts of about a megabyte
    func rows(leftOut: (String) -> Void) throws -> [MetricRows] {
        var values: [Value] = []
        for (key, path) in try folder.folder("metrics").files() {
            let lines = try Files.read(path) ?? []
            var broken = 0
            for line in lines.split(separator: UInt8(ascii: "\n")) {
                // "timestamp value step", and in newer versions the dataset.
                let parts = String(decoding: line, as: UTF8.self).split(separator: " ")
                guard parts.count >= 2, let time = Int(parts[0]), let value = Self.number(parts[1]) else {
                    broken += 1
                    continue
                }
                values.append(
                    Value(key: key, value: value, time: time, step: parts.count > 2 ? Int(parts[2]) ?? 0 : 0))
            }
            if broken > 0 { leftOut("\(broken) lines of the metric \"\(key)\", which cannot be read") }
        }
        // Values that are equal in both stay in the order of their file.
        let order = values.indices.sorted {
            let (one, other) = (values[$0], values[$1])
            return (one.time, one.step, $0) < (other.time, other.step, $1)
        }
        var parts: [MetricRows] = []
        var rows = MetricRows()
        for (count, place) in order.enumerated() {
            let value = values[place]
            rows.append(value.key, value.value, step: value.step, time: value.time)
            if count % 10_000 == 9_999 {
                parts.append(rows)
                rows = MetricRows()
            }
        }
        return parts + [rows]
    }

    /// A number as Python writes it.
    private static func number(_ text: Substring) -> JSONNumber? {
        if let number = JSONNumber(String(text)) { return number }
        return Double(text).map { JSONNumber($0) }
    }
}
