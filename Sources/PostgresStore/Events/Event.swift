internal import RunMetadata
internal import RunStore

/// Something that has happened to a run, as the database keeps it: rows and output by where they are.
struct Event: Sendable {
    enum Kind: Int, Sendable {
        // The numbers stand in the database.
        case rows = 1
        case output = 2
        case metricsReplaced = 3
        case properties = 4
        case file = 5
        case artifact = 6
        case initialised = 7
        case completed = 8
        case stopped = 9
        case failed = 10
        case archived = 11
        case restored = 12
        case removed = 13
    }

    let run: String
    let kind: Kind
    /// A path, or names of properties, each on a line.
    var detail = ""
    /// The content to which something was appended, where, and how many bytes.
    var content = 0
    var position = 0
    var size = 0

    /// What a write did. What waits for a session's next run is told when that is initialised.
    static func changes(from before: WorkingRun, to after: WorkingRun, _ batch: Batch) throws(StoreError) -> [Event] {
        guard after.run != nil else { return [] }
        var events: [Event] = []
        var properties: [String] = []
        let touched = after.touched.sorted { $0.description.utf8.lexicographicallyPrecedes($1.description.utf8) }
        for path in touched {
            let (old, new) = (before.files[path], after.files[path])
            if old?.content == new?.content, old?.size == new?.size { continue }
            // What came behind, where nothing else did.
            let isLonger = new != nil && (old == nil || old?.content == new?.content)
            let start = old?.size ?? 0
            func appended(_ kind: Kind) -> Event {
                Event(
                    run: after.key, kind: kind, content: new?.content ?? 0, position: start,
                    size: (new?.size ?? 0) - start)
            }
            switch path.dataPath {
            case nil: events.append(Event(run: after.key, kind: .artifact, detail: path.description))
            case .metricsRows? where isLonger && before.file(.metricsFrame) == nil: events.append(appended(.rows))
            case .metricsRows?:
                if after.file(.metricsFrame) == nil { events.append(Event(run: after.key, kind: .metricsReplaced)) }
            case .metricsFrame?:
                if after.file(.metricsRows) == nil { events.append(Event(run: after.key, kind: .metricsReplaced)) }
            case .output? where isLonger: events.append(appended(.output))
            case let data? where data.isSent || data == .earlierMetricsRows: continue
            case let data?:
                if let name = data.property {
                    properties.append(name.description)
                } else {
                    events.append(Event(run: after.key, kind: .file, detail: data.description))
                }
            }
        }
        if !properties.isEmpty {
            events.append(Event(run: after.key, kind: .properties, detail: properties.joined(separator: "\n")))
        }
        if before.place == .pending, after.place == .initialised {
            events.append(Event(run: after.key, kind: .initialised))
        }
        if let end = try ending(from: before, to: after, batch) { events.append(Event(run: after.key, kind: end)) }
        return events
    }

    /// How the run ended by the write; nil if it did not.
    private static func ending(
        from before: WorkingRun, to after: WorkingRun, _ batch: Batch
    ) throws(StoreError) -> Kind? {
        let paths = [DataPath.error, .property(.end)].map { ArtifactPath($0) }
        guard paths.contains(where: { after.touched.contains($0) }) else { return nil }
        if let error = after.file(.error), error.content != before.file(.error)?.content { return .failed }
        guard try after.hasEnded(batch), try !before.hasEnded(batch) else { return nil }
        let completed = try after.text(.completed, of: batch).flatMap { PropertyText.flag($0) }
        return completed == true ? .completed : .stopped
    }
}
