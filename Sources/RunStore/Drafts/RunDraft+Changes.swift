package import RunMetadata

/// Something that a write did to a run; for an append, its offset.
package enum DraftChange {
    case appended(DataPath, from: Int)
    case other(RunChange.Kind)
}

extension RunDraft {
    /// What the write did.
    package func changes(since before: Self) throws(StoreError) -> [DraftChange] {
        var changes: [DraftChange] = []
        var properties: [String] = []
        for path in touched.sorted(by: { $0.description.utf8.lexicographicallyPrecedes($1.description.utf8) }) {
            let (old, new) = (before.files[path], files[path])
            if old?.version == new?.version { continue }
            // Whether the only difference is what was appended.
            let isLonger = new.map { new in old.map { new.continues($0) } ?? true } ?? false
            let appended = path.dataPath.map { DraftChange.appended($0, from: old?.size ?? 0) }
            switch (path.dataPath, appended) {
            case (.metricsRows, let appended?) where isLonger && before.file(.metricsFrame) == nil:
                changes.append(appended)
            case (.metricsRows, _): if file(.metricsFrame) == nil { changes.append(.other(.metricsReplaced)) }
            case (.metricsFrame, _): if file(.metricsRows) == nil { changes.append(.other(.metricsReplaced)) }
            case (.output, let appended?) where isLonger: changes.append(appended)
            case (let data?, _) where data.isSent || data == .earlierMetricsRows: continue
            case (let data?, _):
                if let name = data.property {
                    properties.append(name.description)
                } else {
                    changes.append(.other(.file(data)))
                }
            case (nil, _): changes.append(.other(.artifact(path)))
            }
        }
        if !properties.isEmpty { changes.append(.other(.properties(properties))) }
        if before.place == .pending, place == .initialised { changes.append(.other(.initialised)) }
        if let end = try ending(since: before) { changes.append(.other(end)) }
        return changes
    }

    /// How the write ended the run; nil if it did not.
    private func ending(since before: Self) throws(StoreError) -> RunChange.Kind? {
        let paths = [DataPath.error, .property(.end)].map { ArtifactPath($0) }
        guard paths.contains(where: { touched.contains($0) }) else { return nil }
        if let error = file(.error), before.file(.error).map({ !error.continues($0) }) ?? true { return .failed }
        guard try hasEnded, try !before.hasEnded else { return nil }
        return try text(.completed).flatMap { PropertyText.flag($0) } == true ? .completed : .stopped
    }
}
