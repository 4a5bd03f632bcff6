internal import JSON

/// How a frame of metrics (`metrics.json`) compares with rows (`metrics.ndjson`).
package enum MetricsLikeness: Sendable {
    /// It equals the frame of all rows.
    case same
    /// It equals the frame of the first rows: a view that lags.
    case earlier
    case other

    /// The most states of the rows that are compared. If values were replaced, several states can have the same number
    /// of values.
    private static let mostStates = 64

    /// The most bytes that a frame of the rows takes, with any usual white space between its values.
    private static func mostBytes(of rows: MetricsFrame) -> Int {
        let names = rows.columns.reduce(0) { $0 + $1.name.utf8.count }
        return 4096 + 8 * names + 64 * rows.columns.count * rows.rowCount
    }

    /// Compares the text of a `metrics.json` with that of a `metrics.ndjson`.
    /// - Returns: nil if the first is not a frame
    package init?(ofFrame frameText: UnsafeRawBufferPointer, toRows rowsText: UnsafeRawBufferPointer) {
        let rows = MetricsFrame(rows: rowsText)
        // A text that is far longer than a frame of those rows differs, without reading it.
        if frameText.count > Self.mostBytes(of: rows) {
            guard !JSONExtent.isCut(frameText), frameText.first(where: { $0 > UInt8(ascii: " ") }) == UInt8(ascii: "{")
            else { return nil }
            self = .other
            return
        }
        let parser = JSONParser()
        let likeness: MetricsLikeness?? = withExtendedLifetime(parser) {
            guard let tokens = try? parser.parse(frameText, nonFinite: .allowed),
                let frame = MetricsFrame(columnsAt: 0, of: tokens, in: frameText)
            else { return .none }
            if frame.saysTheSame(as: rows) { return .same }
            let values = frame.shownValueCount
            var states = 0
            var isEarlier = false
            _ = MetricsFrame(rows: rowsText) { state, count in
                if count == values {
                    states += 1
                    isEarlier = frame.saysTheSame(as: state)
                }
                return !isEarlier && count <= values && states < Self.mostStates
            }
            return isEarlier ? .earlier : .other
        }
        guard let likeness = likeness ?? nil else { return nil }
        self = likeness
    }
}

extension MetricsFrame {
    /// The number of values that are not missing, without Rundir's own columns.
    fileprivate var shownValueCount: Int {
        shownColumns.reduce(0) { count, column in count + columns[column].cells.count { !$0.isMissing } }
    }

    /// Whether this frame, in the order as read, has the same values as another one in its sorted order. Rows at the
    /// end and columns that are all missing do not count.
    fileprivate func saysTheSame(as other: MetricsFrame) -> Bool {
        let count = filledRowCount
        guard shownValueCount == other.shownValueCount else { return false }
        let order = other.order.ordered
        for column in shownColumns {
            let cells = columns[column].cells
            guard let theirs = other.column(named: columns[column].nameBytes) else {
                if cells.contains(where: { !$0.isMissing }) { return false }
                continue
            }
            for row in 0..<min(count, cells.count) {
                guard row < other.rowCount else { return false }
                let cell = other.cell(row: order?[row] ?? row, column: theirs)
                if !isSame(cell, of: other, as: cells[row]) { return false }
            }
        }
        return true
    }
}
