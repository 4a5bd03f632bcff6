import JSON
import LocalFiles
import RunMetadata
import RunStore

extension MemoryRunStore {
    /// All runs, pending and archived ones too.
    private func snapshots() throws(StoreError) -> [RunSnapshot] {
        let time = clock()
        var all: [RunSnapshot] = []
        for (key, run) in state.runs {
            if let id = RunID(key) { all.append(try run.snapshot(id, now: time, rules)) }
        }
        return all
    }

    func runs(_ query: RunQuery) throws(StoreError) -> RunPage {
        let all = try snapshots()
        let known = Self.columns(of: all)
        if let unknown = query.unknown(isKnown: { known.contains(ExactText($0)) }) {
            throw .query(RunQueryFault(unknown.parameter, unknown: unknown.names, known: known.map(\.text)))
        }
        var rows = RunRows()
        for run in all {
            let place: RunPlace = run.status == .archived ? .archived : run.status == .pending ? .pending : .initialised
            _ = rows.set(
                run.run.description, place, RunState(run.status), start: run.summary.start, updated: run.updated)
        }
        let search = RunSearch(query, of: rows, now: clock()) {
            all[$0].status
        } column: { name, _ in
            RunColumn(all.map { RunValue($0.summary[name]) })
        }
        let found = search.found()
        return found.page(
            found.rows.map { row in
                ListedRun(
                    run: all[row].run, status: all[row].status, updated: all[row].updated,
                    columns: all[row].summary.columns(with: query.columns))
            })
    }

    private static func columns(of all: [RunSnapshot]) -> Set<ExactText> {
        Set((RunQuery.standardColumns + all.flatMap { $0.summary.all.map(\.name) }).map { ExactText($0) })
    }

    func columns() throws(StoreError) -> Set<ExactText> { Self.columns(of: try snapshots()) }

    func runCounts() throws(StoreError) -> [RunStatus: Int] {
        try snapshots().reduce(into: [.pending: 0]) { $0[$1.status, default: 0] += 1 }
    }

    func pendingRuns(unchangedFor seconds: Double) -> [RunID] {
        let latest = wallClock() - seconds
        dropOldPending()
        return state.runs.compactMap { $1.place == .pending && $1.modified <= latest ? RunID($0) : nil }.sorted {
            $0.description < $1.description
        }
    }
}
