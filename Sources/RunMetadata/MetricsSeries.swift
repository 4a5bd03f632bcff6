/// The x axis of a series.
package enum MetricsAxis: String, CaseIterable, Hashable, Sendable {
    case step
    case epoch
    /// The number of the row in the frame, from 0.
    case row
    /// When the row arrived, seconds since 1970.
    case time
    /// When the row arrived, seconds since the run's start.
    case elapsed
}

extension MetricsTable {
    /// A metric over an axis, as it is plotted: points with x, ascending, and value.
    package struct Series {
        /// The positions of the rows.
        fileprivate var rows: [Int]
        fileprivate let column: Column
        fileprivate let axis: MetricsAxis
        /// The column of the axis; nil: the axis is the order of rows.
        fileprivate let axisColumn: Column?
        /// The place of each row, if the axis is the row number and rows did not arrive in order.
        fileprivate let places: [Int]?
        /// The time that counts as 0, seconds since 1970.
        fileprivate let origin: Double

        package var count: Int { rows.count }
    }

    /// The axis of the rows: the step if any row has one, else the epoch, else the row number.
    package var axis: MetricsAxis {
        switch order.axis {
        case .step: .step
        case .epoch: .epoch
        case .none: .row
        }
    }

    /// The indices of the columns that are metrics.
    package var metricColumns: [Int] {
        columns.indices.filter { !columns[$0].role.isHidden && !columns[$0].role.isKey }
    }

    /// Reduces a metric to about `count` points, which keep its extremes (`MetricsPoints`). Rows without a value on the
    /// axis are left out.
    /// - Parameters:
    ///   - start: the run's start, seconds since 1970; `elapsed` counts from it
    ///   - range: the part of the axis to return; nil: all of it
    package func series(
        of column: Int, over axis: MetricsAxis, points: Int, start: Double = 0, within range: ClosedRange<Double>? = nil
    ) -> Series {
        let axisColumn: Column?
        switch axis {
        case .row: axisColumn = nil
        case .step: axisColumn = self.column(named: MetricsColumnRole.stepName).map { columns[$0] }
        case .epoch: axisColumn = self.column(named: MetricsColumnRole.epochName).map { columns[$0] }
        case .time, .elapsed: axisColumn = self.column(named: MetricsColumnRole.timeName).map { columns[$0] }
        }
        let ordered = order.ordered
        let origin = axis == .elapsed ? start : 0
        var rows: [Int] = []
        if axis == .row || axisColumn != nil {
            rows = MetricsPoints.choose(
                points, columns[column], 0..<rowCount, ordered, where: axisColumn,
                within: range.map { $0.lowerBound + origin...$0.upperBound + origin })
        }
        var places: [Int]?
        if axis == .row, let ordered {
            var found = [Int](repeating: 0, count: rowCount)
            for (place, row) in ordered.enumerated() { found[row] = place }
            places = found
        }
        if let axisColumn,
            zip(rows, rows.dropFirst()).contains(where: { axisColumn.value(row: $0) > axisColumn.value(row: $1) })
        {
            // Not sorted yet if another axis orders the rows, or if a row was sent several times.
            rows = rows.enumerated().sorted { one, other in
                let (x, otherX) = (axisColumn.value(row: one.element), axisColumn.value(row: other.element))
                return x != otherX ? x < otherX : one.offset < other.offset
            }.map(\.element)
        }
        return Series(
            rows: rows, column: columns[column], axis: axis, axisColumn: axisColumn, places: places, origin: origin)
    }

    /// Appends the x of a point, as JSON.
    package func append(x point: Int, of series: Series, to output: inout [UInt8]) {
        let row = series.rows[point]
        guard let column = series.axisColumn else {
            return output.append(contentsOf: String(series.places?[row] ?? row).utf8)
        }
        // With all digits: a Double does not hold those of the greatest steps.
        if series.axis == .step || series.axis == .epoch, let exact = order.axisValue(row), exact.fraction == 0,
            series.axis == axis
        {
            return output.append(contentsOf: String(exact.whole).utf8)
        }
        let value = column.value(row: row)
        // Times are rounded to microseconds, and so is their difference.
        Self.append(series.axis == .elapsed ? ((value - series.origin) * 1e6).rounded() / 1e6 : value, to: &output)
    }

    /// Appends the value of a point, as JSON; non-finite ones as `"NaN"`, `"Inf"`, `"-Inf"`.
    package func append(y point: Int, of series: Series, to output: inout [UInt8]) {
        Self.append(series.column.value(row: series.rows[point]), to: &output)
    }
}
