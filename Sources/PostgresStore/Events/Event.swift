internal import RunMetadata
internal import RunStore

/// A change of a run, as the database stores it. Rows and output are stored as a range of a content.
struct Event: Sendable {
    enum Kind: Int, Sendable {
        // The database stores these numbers.
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
    /// A path, or property names, one on each line.
    let detail: String
    /// The content to which bytes were appended, the position, and the number of bytes.
    let content: Int
    let position: Int
    let size: Int

    /// The events of a write. What waits for a session's next run has its events when that run is initialised.
    static func changes(from before: BatchDraft, to after: BatchDraft) throws(StoreError) -> [Event] {
        if after.run.run == nil { return [] }
        return try after.changes(since: before).map { Event($0, of: after.run) }
    }

    private init(_ change: DraftChange, of run: WorkingRun) {
        switch change {
        case .appended(let path, let start):
            let file = run.file(path)
            self.init(
                run: run.key, kind: path == .output ? .output : .rows, content: file?.content ?? 0, position: start,
                size: (file?.size ?? 0) - start)
        case .other(let kind): self.init(kind, of: run.key)
        }
    }

    private init(_ kind: RunChange.Kind, of run: String) {
        switch kind {
        case .properties(let names):
            self.init(run: run, kind: .properties, detail: names.joined(separator: "\n"))
        case .file(let path): self.init(run: run, kind: .file, detail: path.description)
        case .artifact(let path): self.init(run: run, kind: .artifact, detail: path.description)
        case .rows, .metricsReplaced: self.init(run: run, kind: .metricsReplaced)
        case .output: self.init(run: run, kind: .properties, detail: "output")
        case .initialised: self.init(run: run, kind: .initialised)
        case .completed: self.init(run: run, kind: .completed)
        case .stopped: self.init(run: run, kind: .stopped)
        case .failed: self.init(run: run, kind: .failed)
        case .archived: self.init(run: run, kind: .archived)
        case .restored: self.init(run: run, kind: .restored)
        case .removed: self.init(run: run, kind: .removed)
        }
    }

    init(run: String, kind: Kind, detail: String = "", content: Int = 0, position: Int = 0, size: Int = 0) {
        (self.run, self.kind, self.detail) = (run, kind, detail)
        (self.content, self.position, self.size) = (content, position, size)
    }
}
