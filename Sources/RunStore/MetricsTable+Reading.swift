internal import JSON
package import RunMetadata

/// Metrics reads answered from a table. For stores that keep rows as text.
extension MetricsTable {
    /// The selected rows, read from the text that the table was made from.
    /// - Throws: `unknownColumn`
    package func reading(
        _ selection: MetricsSelection, of rows: any MetricsText
    ) throws(StoreError) -> any MetricsReading {
        if let points = try points(selection) { return points }
        return RowsReading(
            rows, parts(after: selection.after), columns: try indices(of: selection).map { columns[$0].name },
            rowCount: rowCount, after: selection.after, version: try rows.version)
    }

    /// The points that represent the selected rows; nil if no points are asked for, or no metric has more values.
    /// - Throws: `unknownColumn`
    package func points(_ selection: MetricsSelection) throws(StoreError) -> HeldMetrics? {
        guard let points = selection.points else { return nil }
        let indices = try indices(of: selection)
        // If nothing would be left out, the reply is the same as without points, however many columns there are.
        let metrics = indices.filter { !columns[$0].role.isKey }
        let measured = metrics.isEmpty ? indices : metrics
        if !MetricsPoints.areFewer(points, than: self, columns: measured, after: selection.after) { return nil }
        let chosen = MetricsPoints(points, of: self, columns: indices, after: selection.after)
        let names = indices.map { columns[$0].name }
        let text = MetricsOutput(format: .ndjson, columns: names).text(rows: chosen.rows, of: chosen, columns: indices)
        return HeldMetrics(columns: names, rowCount: chosen.rows.count, version: nil, merged: text)
    }

    /// The indices of the selected columns.
    private func indices(of selection: MetricsSelection) throws(StoreError) -> [Int] {
        guard let names = selection.columns else { return shownColumns }
        var indices: [Int] = []
        for name in names {
            guard let index = column(named: name.text) else {
                throw .unknownColumn(name.text, known: shownColumns.map { columns[$0].name })
            }
            indices.append(index)
        }
        return indices
    }

    /// The series of a run. A metric that the run does not have, or not over the axis, is left out.
    /// - Parameter start: when the run started, seconds since 1970; `elapsed` counts from it
    /// - Throws: `tooMuchAsked`
    package func series(
        _ selection: SeriesSelection, of run: RunID, start: Double
    ) throws(StoreError) -> [MetricsSeries] {
        let indices = selection.metrics.map { $0.compactMap { column(named: $0.text) } } ?? metricColumns
        let axis = selection.axis ?? axis
        if indices.count * min(selection.points, rowCount) > SeriesSelection.mostValues {
            throw .tooMuchAsked(
                "\(indices.count) metrics of \(run) with \(selection.points) points each are more than the "
                    + "\(SeriesSelection.mostValues) points that one run may have here; name fewer metrics, or ask for fewer points"
            )
        }
        return indices.compactMap { index in
            let series = series(
                of: index, over: axis, points: selection.points, start: start, within: selection.range)
            if series.count == 0 { return nil }
            return MetricsSeries(
                metric: columns[index].name, axis: axis, count: series.count,
                x: Self.list(series.count) { append(x: $0, of: series, to: &$1) },
                y: Self.list(series.count) { append(y: $0, of: series, to: &$1) })
        }
    }

    private static func list(_ count: Int, _ append: (Int, inout [UInt8]) -> Void) -> [UInt8] {
        var text: [UInt8] = []
        for index in 0..<count {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            append(index, &text)
        }
        return text
    }
}

/// Rows in the text that a table was made from.
private final class RowsReading: MetricsReading {
    let columns: [String]
    let rowCount: Int
    let version: BlobVersion?
    private let rows: any MetricsText
    private let parts: [MetricsTable.Part]
    private let after: MetricsAxisValue?

    init(
        _ rows: any MetricsText, _ parts: [MetricsTable.Part], columns: [String], rowCount: Int,
        after: MetricsAxisValue?, version: BlobVersion
    ) {
        (self.rows, self.parts, self.after) = (rows, parts, after)
        (self.columns, self.rowCount, self.version) = (columns, rowCount, version)
    }

    var partCount: Int { parts.count }

    func part(_ index: Int) throws(StoreError) -> MetricsPart {
        MetricsPart(arrived: try rows.read(parts[index].range), start: parts[index].start, after: after)
    }
}
