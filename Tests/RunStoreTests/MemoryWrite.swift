import LocalFiles
import RunMetadata
import RunStore

/// One write to a store in memory. It changes a copy of the state, which takes the place of it unless something is
/// refused.
final class MemoryWrite: DraftedRuns {
    let now: Double
    let rules: RunRules
    private(set) var state: MemoryState
    private(set) var changes: [RunChange] = []

    init(_ state: MemoryState, now: Double, _ rules: RunRules) {
        (self.state, self.now, self.rules) = (state, now, rules)
    }

    func run(at key: String) -> MemoryRun? { state.runs[key] }
    func resolved(_ target: RunTarget) -> String { state.resolved(target) }

    func freshRun() throws(StoreError) -> RunID {
        let ids = (1...).lazy.compactMap { [now] in RunID(stamp: RunID.stamp(of: now), number: $0) }
        guard let fresh = ids.first(where: { self.state.runs[$0.description] == nil }) else {
            throw .failed("no id is free")
        }
        return fresh
    }

    func begin(_ write: RunWrite, at key: String) -> MemoryRun {
        var run = state.runs[key] ?? MemoryRun()
        run.touched = []
        if !run.isThere { (run.isThere, run.sender) = (true, write.sender) }
        return run
    }

    func end(
        _ write: RunWrite, _ draft: MemoryRun, at key: String, takingOver waiting: MemoryRun?
    ) throws(StoreError) {
        if let run = RunID(key) {
            for change in try draft.changes(since: state.runs[key] ?? MemoryRun()) {
                note(run, Self.kind(of: change, in: draft))
            }
        }
        state.runs[key] = draft
        if waiting != nil, case .initialise(let session, _) = write.action {
            state.runs[RunTarget.active(session).key] = nil
        }
    }

    private static func kind(of change: DraftChange, in run: MemoryRun) -> RunChange.Kind {
        switch change {
        case .other(let kind): return kind
        case .appended(let path, let start):
            let bytes = Array((run.bytes(path) ?? []).dropFirst(start))
            return path == .output ? .output(AppendedOutput(offset: start, bytes)) : .rows(bytes)
        }
    }

    private func note(_ run: RunID, _ kind: RunChange.Kind) { changes.append(RunChange(run: run, kind: kind)) }

    func move(_ run: RunID, to place: RunPlace) {
        state.runs[run.description]?.place = place
        note(run, place == .archived ? .archived : .restored)
    }

    func remove(_ key: String) {
        state.runs[key] = nil
        if let run = RunID(key) { note(run, .removed) }
    }

    func activate(_ run: RunID, in session: SessionName) { state.sessions[session] = run }
    func deactivate(_ run: RunID) { state.sessions = state.sessions.filter { $0.value != run } }
}
