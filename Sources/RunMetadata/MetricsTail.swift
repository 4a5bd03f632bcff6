package import JSON

/// The end of a run's metrics: enough to update the digest with new rows, without reading the earlier ones.
///
/// The cost of rows that arrive in order does not grow with the run. Of other rows (a job that repeats steps), the tail
/// cannot always tell whether they fill a gap or replace a value; then the whole frame has to be read.
package struct MetricsTail: Sendable, Equatable {
    /// The end of one column.
    package struct Column: Sendable, Equatable {
        let name: String
        let role: MetricsColumnRole
        /// The name as rows have it, in quotes and with its colon. Columns are distinguished by these bytes.
        let member: [UInt8]
        /// The last value that is neither missing nor NaN, and its row's place.
        var value: JSONNumber?
        var valuePlace: MetricsRowOrder.Place?
        /// The range of the metric's finite values without the last one, which is often sent again.
        var rangeBefore: ClosedRange<Double>?
        /// The place of the last row that has a value, and whether the value is a number.
        var topPlace: MetricsRowOrder.Place?
        var isTopNumber = false

        init(name: String) {
            (self.name, member, role) = (name, MetricsColumnStorage.member(of: name), MetricsColumnRole(name))
        }
    }

    var columns: [Column] = []
    /// The keys so far; `rows` counts those without a value on the axis.
    var keys = MetricsRowOrder.Start()
    /// The place of the row of the greatest epoch, if the axis is the step.
    var latestEpoch: MetricsRowOrder.Place?
    /// The number of numbers in the last column.
    var completed = 0

    /// The tail before the first row.
    package init() {}

    package var columnCount: Int { columns.count }

    /// The digest; nil if there are no columns.
    package var digest: MetricsDigest? {
        if columns.isEmpty { return nil }
        let metrics = columns.compactMap { column -> MetricsDigest.Metric? in
            guard column.role == .metric, let last = column.value else { return nil }
            var range = column.rangeBefore
            range.include(last.double)
            return MetricsDigest.Metric(name: column.name, last: last, range: range)
        }
        return MetricsDigest(metrics: metrics, completed: completed)
    }

    /// Reads the rows that follow, as whole lines.
    /// - Parameter isRough: whether to skip rows whose effect needs the whole frame
    /// - Returns: false if the digest needs the whole frame; the tail must not be used then
    package mutating func read(
        _ text: UnsafeRawBufferPointer, parser: JSONParser, isRough: Bool = false
    ) -> Bool {
        let reading = MetricsTailReading(self, text, isRough: isRough)
        self = MetricsTail()
        let isClear = reading.read(parser)
        self = reading.tail
        return isClear
    }

    /// Whether tfruns counts the numbers of a column: it is the last one other than `epoch`.
    private func isCounted(_ column: Int) -> Bool {
        columns[column].role != .epoch && !columns[column].role.isHidden
            && !columns[(column + 1)...].contains { $0.role != .epoch && !$0.role.isHidden }
    }

    /// Takes a row.
    /// - Parameter last: the last value of each column in the text
    /// - Returns: false if its effect needs the whole frame
    mutating func add(
        _ row: [(column: Int, cell: MetricsFrame.Cell, isNumber: Bool)], _ key: MetricsRowKey,
        _ last: inout [MetricsFrame.Cell], of text: UnsafeRawBufferPointer, isRough: Bool
    ) -> Bool {
        guard let place = place(of: key, isRough: isRough) else { return isRough }
        while last.count < columns.count { last.append(.missing) }
        for value in row where !value.cell.isMissing {
            guard set(value, place, &last, of: text) || isRough else { return false }
        }
        return true
    }

    /// The place of a key's row; nil if finding it needs the whole frame.
    private mutating func place(of key: MetricsRowKey, isRough: Bool) -> MetricsRowOrder.Place? {
        switch key.kind {
        case .none: return looseRow()
        case .step:
            // Once there are steps, rows by epoch have other places.
            if keys.axis == .epoch, !isRough { return nil }
            keys.axis = .step
            keys.step = keys.step.map { max($0, key.value) } ?? key.value
            return MetricsRowOrder.Place(value: key.value, loose: 0)
        case .epoch:
            let isNew = keys.epoch.map { key.value > $0 } ?? true
            if isNew { keys.epoch = key.value }
            if keys.axis != .step {
                keys.axis = .epoch
                return MetricsRowOrder.Place(value: key.value, loose: 0)
            }
            if isNew { latestEpoch = looseRow() }
            return key.value == keys.epoch ? latestEpoch : nil
        }
    }

    private mutating func looseRow() -> MetricsRowOrder.Place {
        keys.rows += 1
        return MetricsRowOrder.Place(value: keys.axis == .step ? keys.step : keys.epoch, loose: keys.rows)
    }

    private mutating func set(
        _ value: (column: Int, cell: MetricsFrame.Cell, isNumber: Bool), _ place: MetricsRowOrder.Place,
        _ last: inout [MetricsFrame.Cell], of text: UnsafeRawBufferPointer
    ) -> Bool {
        let column = value.column
        let top = columns[column].topPlace
        if top.map({ place > $0 }) ?? true {
            if value.isNumber { completed += isCounted(column) ? 1 : 0 }
            (columns[column].topPlace, columns[column].isTopNumber) = (place, value.isNumber)
        } else if isCounted(column) {
            guard place == top else { return false }
            if value.isNumber != columns[column].isTopNumber { completed += value.isNumber ? 1 : -1 }
            columns[column].isTopNumber = value.isNumber
        }
        if let valuePlace = columns[column].valuePlace {
            // It may replace the least or the greatest value.
            if place < valuePlace { return columns[column].role != .metric }
            if !value.isNumber { return place != valuePlace }
            if place > valuePlace, columns[column].role == .metric {
                let before = last[column].isMissing ? columns[column].value?.double : last[column].double(in: text)
                if let before { columns[column].rangeBefore.include(before) }
            }
        }
        if value.isNumber {
            last[column] = value.cell
            columns[column].valuePlace = place
        }
        return true
    }

    /// Adds a column.
    mutating func append(_ column: Column) {
        columns.append(column)
        if isCounted(columns.count - 1) { completed = 0 }
    }

    /// Parses only the last value of each column.
    mutating func keep(_ last: [MetricsFrame.Cell], of text: UnsafeRawBufferPointer) {
        for (column, cell) in last.enumerated() where !cell.isMissing { columns[column].value = cell.number(in: text) }
    }
}
