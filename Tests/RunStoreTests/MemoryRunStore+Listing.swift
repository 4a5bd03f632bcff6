import JSON
import LocalFiles
import RunMetadata
import RunStore

extension MemoryRunStore {
    /// All runs, pending and archived ones too.
    private var snapshots: [RunSnapshot] {
        let time = clock()
        return state.folders.compactMap { target, value in target.run.map { value.snapshot($0, now: time, rules) } }
    }

    func runs(_ query: RunQuery) throws(StoreError) -> RunPage {
        let all = snapshots
        let known = Self.columns(of: all)
        if let unknown = query.unknown(isKnown: { known.contains(ExactText($0)) }) {
            throw .query(RunQueryFault(unknown.parameter, unknown: unknown.names, known: known.map(\.text)))
        }
        func column(_ name: RunColumnName) -> RunColumn {
            switch name.name {
            case "updated": RunColumn(numbers: all.map(\.updated))
            case "status": RunColumn(all.map { .text($0.status.rawValue) })
            default: RunColumn(all.map { RunValue($0.summary[name.name]) })
            }
        }
        let looksForPending = query.predicate?.looksFor(RunStatus.pending.rawValue, in: "status") ?? false
        let isTrue = query.predicate.map { $0.evaluate(over: $0.columns.map(column), rows: all.count) }
        let selected = all.indices.map { row in
            if query.isVisible?(all[row].run.description) == false { return false }
            return switch query.archived {
            case .without where all[row].status == .archived: false
            case .without where all[row].status == .pending && !looksForPending: false
            case .only where all[row].status != .archived: false
            default: isTrue?[row] ?? true
            }
        }
        let keys = query.order.keys.map { column($0.column) }
        let selection = RunSelection(query, keys: keys, starts: all.map(\.summary.start)) { all[$0].run.description }
        let found = selection.page(of: selected)
        var page = RunPage(
            runs: found.prefix(query.limit).map { row in
                ListedRun(
                    run: all[row].run, status: all[row].status, updated: all[row].updated,
                    columns: all[row].summary.columns(with: query.columns))
            },
            count: selected.count(where: \.self))
        if query.limit > 0, found.count > query.limit { page.next = selection.cursor(at: found[query.limit - 1]) }
        return page
    }

    private static func columns(of all: [RunSnapshot]) -> Set<ExactText> {
        Set((RunQuery.standardColumns + all.flatMap { $0.summary.all.map(\.name) }).map { ExactText($0) })
    }

    func columns() -> Set<ExactText> { Self.columns(of: snapshots) }

    func runCounts() -> [RunStatus: Int] {
        snapshots.reduce(into: [.pending: 0]) { $0[$1.status, default: 0] += 1 }
    }

    func pendingRuns(unchangedFor seconds: Double) -> [RunID] {
        let latest = wallClock() - seconds
        dropOldPending()
        return state.folders.compactMap { $1.place == .pending && $1.modified <= latest ? $0.run : nil }.sorted {
            $0.description < $1.description
        }
    }
}
