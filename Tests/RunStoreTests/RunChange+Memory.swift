import RunMetadata
import RunStore

extension RunChange {
    /// What a write did to a run.
    static func changes(of run: RunID, from before: MemoryRun?, to after: MemoryRun?) -> [RunChange] {
        guard let after else { return [RunChange(run: run, kind: .removed)] }
        var kinds: [Kind] = []
        var properties: [String] = []
        for path in Set((before?.files ?? [:]).keys).union(after.files.keys) {
            let (old, new) = (before?.files[path], after.files[path])
            if old === new { continue }
            // What came behind, where nothing else did.
            let isLonger = new != nil && (old == nil || new?.identity == old?.identity)
            let added = isLonger ? new?.bytes[(old?.size ?? 0)...] : nil
            switch (path.dataPath, added) {
            case (nil, _): kinds.append(.artifact(path))
            case (.metricsRows, let added?) where before?[.metricsFrame] == nil: kinds.append(.rows(Array(added)))
            case (.metricsRows, _): kinds += after[.metricsFrame] == nil ? [.metricsReplaced] : []
            case (.metricsFrame, _): kinds += after[.metricsRows] == nil ? [.metricsReplaced] : []
            case (.output, let added?): kinds.append(.output(AppendedOutput(offset: old?.size ?? 0, Array(added))))
            case (let path?, _) where path.isSent || path == .earlierMetricsRows: continue
            case (let path?, _): if path.property == nil { kinds.append(.file(path)) }
            }
            if let name = path.dataPath?.property, name != .output || added == nil {
                properties.append(name.description)
            }
        }
        if !properties.isEmpty { kinds.append(.properties(properties)) }
        switch (before?.place ?? .pending, after.place) {
        case (.pending, .initialised): kinds.append(.initialised)
        case (.initialised, .archived): kinds.append(.archived)
        case (.archived, .initialised): kinds.append(.restored)
        default: break
        }
        if let error = after[.error], error != before?[.error] {
            kinds.append(.failed)
        } else if after.hasEnded, before?.hasEnded != true {
            kinds.append(after[.completed].flatMap { PropertyText.flag($0) } == true ? .completed : .stopped)
        }
        return kinds.map { RunChange(run: run, kind: $0) }
    }
}
