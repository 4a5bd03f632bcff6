internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The writes that make a run of MLflow a run of Rundir.
extension SourceRun {
    /// The start of the run.
    func start(in experiment: Experiment, leftOut: LeftOut) -> RunStart {
        var start = RunStart()
        func add(_ name: PropertyName, _ text: String) { start.properties.append((name, PropertyText.file(text))) }
        var tags = tags
        for (tag, value) in [("mlflow.runName", name), ("mlflow.user", user)] {
            if let value, !value.isEmpty, !tags.contains(where: { $0.name == tag }) { tags.append((tag, value)) }
        }
        for (tag, value) in tags {
            guard let name = MLflowName.property(ofTag: tag) else {
                leftOut("the tag \"\(tag)\", whose name is too long")
                continue
            }
            if value.utf8.contains(0) {
                leftOut("the tag \"\(tag)\", which has a NUL character")
                continue
            }
            add(name, value)
        }
        if experiment.id != Experiment.defaultID {
            add(MLflowName.experimentID, experiment.id)
            add(MLflowName.experiment, experiment.name)
        }
        if let time = self.start { add(.start, Self.seconds(time)) }
        if status.isEnd {
            // A run that was killed has no end time.
            add(.end, (end ?? self.start).map(Self.seconds) ?? PropertyText.seconds(wallClock()))
            add(.completed, status == .finished ? "TRUE" : "FALSE")
        }
        var flags = JSONObject()
        for (name, value) in params { flags[name] = ParamValue.flag(value) }
        if !flags.isEmpty { start.flags = NamedListFiles(flags) }
        return start
    }

    /// Milliseconds as text of a property.
    private static func seconds(_ milliseconds: Int) -> String { PropertyText.seconds(Double(milliseconds) / 1000) }
}

extension MetricRows {
    /// All values of a run's metrics as rows, ordered by time.
    /// - Returns: parts of about a megabyte
    static func parts(_ values: [SourceValue]) -> [MetricRows] {
        // Values with equal time and step keep the order of the source.
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
}
