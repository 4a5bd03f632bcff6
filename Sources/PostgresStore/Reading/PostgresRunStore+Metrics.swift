internal import Limits
package import RunMetadata
package import RunStore

/// Metrics are read from the text of their rows: numbers that are wanted as they were sent directly from the text,
/// everything else from tables made of it.
extension PostgresRunStore {
    private func metricsRows(of run: RunID) throws(StoreError) -> (rows: (any MetricsText)?, isThere: Bool) {
        let folder = try folder(run.description, .paths([.metricsRows, .metricsFrame]))
        return (try folder?.rows(pool), folder != nil)
    }

    package func metrics(
        _ selection: MetricsSelection, of run: RunID, while isWanted: () -> Bool
    ) throws(StoreError) -> (any MetricsReading)? {
        guard let rows = try metricsRows(of: run).rows else { return nil }
        return try tables.reading(selection, of: run, rows, while: isWanted)
    }

    package func series(
        _ selection: SeriesSelection, of runs: [RunID], while isWanted: @Sendable () -> Bool
    ) throws(StoreError) -> [[MetricsSeries]] {
        var found: [(any MetricsText)?] = []
        var unknown: [RunID] = []
        for run in runs {
            let (rows, isThere) = try metricsRows(of: run)
            if !isThere { unknown.append(run) }
            found.append(rows)
        }
        if !unknown.isEmpty { throw .unknownRuns(unknown) }
        var told = 0
        var all: [[MetricsSeries]] = []
        for (run, rows) in zip(runs, found) {
            guard let rows else {
                all.append([])
                continue
            }
            let start = selection.axis == .elapsed ? try snapshot(of: run)?.summary.start ?? 0 : 0
            let series = try tables.series(selection, of: run, start: start, rows, while: isWanted)
            told += series.reduce(0) { $0 + $1.size }
            if told > SeriesSelection.mostText.most { throw .seriesTooLarge }
            all.append(series)
        }
        return all
    }
}
