internal import Dispatch
internal import Limits
package import RunMetadata
package import RunStore
internal import Synchronization

/// Reads metrics from the text of their rows: numbers as they were sent from the text itself, everything else from
/// tables made of it.
extension DirectoryRunStore {
    /// The most bytes of rows that are read for one request.
    private static let mostRows = Limit(.bytes, most: 2 << 30)

    package func metrics(
        _ selection: MetricsSelection, of run: RunID, while isWanted: () -> Bool
    ) throws(StoreError) -> (any MetricsReading)? {
        guard let rows = try metricsRows(of: run) else { return nil }
        return try tables.reading(selection, of: run, rows, while: isWanted)
    }

    package func series(
        _ selection: SeriesSelection, of runs: [RunID], while isWanted: @Sendable () -> Bool
    ) throws(StoreError) -> [[MetricsSeries]] {
        var unknown: [RunID] = []
        var rows: [StoredRows?] = []
        for run in runs {
            let found = try metricsRows(of: run)
            if found == nil, try snapshot(of: run) == nil { unknown.append(run) }
            rows.append(found)
        }
        if !unknown.isEmpty { throw .unknownRuns(unknown) }
        if rows.reduce(0, { $0 + ($1?.size ?? 0) }) > Self.mostRows.most {
            throw .tooMuchAsked("the rows of these runs are \(LimitExceeded(Self.mostRows)); name fewer runs")
        }
        let told = Atomic<Int>(0)
        return try Self.inParallel(runs.count) { [rows] index throws(StoreError) in
            guard let rows = rows[index] else { return [] }
            if told.load(ordering: .relaxed) > SeriesSelection.mostText.most { throw .seriesTooLarge }
            let series = try self.series(selection, of: runs[index], rows, isWanted)
            told.wrappingAdd(series.reduce(0) { $0 + $1.size }, ordering: .relaxed)
            return series
        }
    }

    private func series(
        _ selection: SeriesSelection, of run: RunID, _ rows: StoredRows, _ isWanted: () -> Bool
    ) throws(StoreError) -> [MetricsSeries] {
        let start = selection.axis == .elapsed ? try snapshot(of: run)?.summary.start ?? 0 : 0
        return try tables.series(selection, of: run, start: start, rows, while: isWanted)
    }

    /// Runs a closure `count` times, on as many threads as there are processors.
    private static func inParallel<Answer: Sendable>(
        _ count: Int, _ body: @Sendable (Int) throws(StoreError) -> Answer
    ) throws(StoreError) -> [Answer] {
        let results = Mutex([Result<Answer, StoreError>?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let result = Result { () throws(StoreError) in try body(index) }
            results.withLock { $0[index] = result }
        }
        var answers: [Answer] = []
        for case let result? in results.withLock({ $0 }) { answers.append(try result.get()) }
        return answers
    }
}
