package import RunMetadata

/// What a store reads from the tables.
extension MetricsTables {
    /// Rows or points of a run's metrics (`RunStore.metrics`).
    /// - Throws: `unknownColumn`, `abandoned`, `tooLarge`
    package func reading(
        _ selection: MetricsSelection, of run: RunID, _ rows: any MetricsText, while isWanted: () -> Bool
    ) throws(StoreError) -> any MetricsReading {
        var selection = selection
        if selection.points != nil {
            let answer = try answer(to: .points(selection), of: run, rows, while: isWanted) {
                table throws(StoreError) in .points(try table.points(selection))
            }
            if case .points(let points?) = answer { return points }
            selection.points = nil
        }
        return try withTable(of: run, rows, while: isWanted) { [selection] table throws(StoreError) in
            try table.reading(selection, of: rows)
        }
    }

    /// The series of a run's metrics (`RunStore.series`).
    /// - Parameter start: when the run started, if the axis counts from it
    /// - Throws: `tooMuchAsked`, `abandoned`, `tooLarge`
    package func series(
        _ selection: SeriesSelection, of run: RunID, start: Double, _ rows: any MetricsText, while isWanted: () -> Bool
    ) throws(StoreError) -> [MetricsSeries] {
        let answer = try answer(to: .series(selection, start: start), of: run, rows, while: isWanted) {
            table throws(StoreError) in .series(try table.series(selection, of: run, start: start))
        }
        guard case .series(let series) = answer else { return [] }
        return series
    }
}
