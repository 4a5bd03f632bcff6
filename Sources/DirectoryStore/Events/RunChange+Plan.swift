internal import RunMetadata
internal import RunStore

extension RunChange {
    /// The changes made by an executed plan. None without a run: metadata of a session's next run belongs to no run
    /// yet.
    static func changes(of plan: WritePlan) -> [RunChange] {
        guard let run = plan.outcome.run else { return [] }
        var rows = plan.rows.map { [RunChange(run: run, kind: .rows($0.bytes))] } ?? []
        var kinds: [Kind] = []
        var properties: [String] = []
        var (isEnded, isCompleted, hasError) = (false, false, false)
        var moved: RunPlace?
        for record in plan.records where record.folder == run.description {
            if let artifact = record.path.flatMap(RecordPath.artifact) {
                kinds.append(.artifact(artifact))
                continue
            }
            switch record.step {
            case .put(let path, let bytes):
                guard let path = DataPath(path), !path.isSent else { continue }
                guard let property = path.property else {
                    if path == .earlierMetricsRows { continue }
                    if path == .error { hasError = true }
                    kinds.append(kind(of: path))
                    continue
                }
                properties.append(property.description)
                if property == .end { isEnded = !TypedProperty.isMissing(PropertyText.read(bytes)) }
                if property == .completed { isCompleted = PropertyText.flag(PropertyText.read(bytes)) == true }
            case .remove(let path):
                guard let path = DataPath(path), path != .metricsRows, !path.isSent else { continue }
                if let property = path.property {
                    properties.append(property.description)
                } else {
                    kinds.append(kind(of: path))
                }
            // Of a new run it tells all at once.
            case .append(MetricsLogs.file, _, let bytes) where !plan.records.contains { $0.step == .move(.initialised) }:
                rows.append(RunChange(run: run, kind: .rows(bytes)))
            case .append(let path, let offset, let bytes) where DataPath(path) == .output:
                kinds.append(.output(AppendedOutput(offset: offset, bytes)))
            case .append(let path, _, _), .publish(let path, _), .publishFolder(let path, _, _), .adopt(let path, _, _):
                // The replacement reports the change; the replaced rows do not.
                if let path = DataPath(path), path != .earlierMetricsRows { kinds.append(kind(of: path)) }
            case .move(let place): moved = place
            case .restore: kinds.append(.restored)
            case .delete: kinds.append(.removed)
            case .create, .activate, .viewLags: continue
            }
        }
        if !properties.isEmpty { kinds.append(.properties(properties)) }
        switch moved {
        case .initialised: kinds.append(.initialised)
        case .archived: kinds.append(.archived)
        case .pending, nil: break
        }
        if hasError {
            kinds.append(.failed)
        } else if isEnded {
            kinds.append(isCompleted ? .completed : .stopped)
        }
        return rows + kinds.map { RunChange(run: run, kind: $0) }
    }

    private static func kind(of path: DataPath) -> Kind {
        path == .metricsRows || path == .metricsFrame ? .metricsReplaced : .file(path)
    }
}
