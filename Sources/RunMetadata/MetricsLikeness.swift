internal import JSON

/// What a frame of metrics is beside rows.
package enum MetricsLikeness: Sendable {
    /// It says what all rows say.
    case same
    /// It says what some of the first of them say: a view that lags.
    case earlier
    case other

    /// States of rows that are compared with a frame: as many differ only in values that took the place of others.
    private static let mostStates = 64

    /// Bytes that a frame of rows takes at the most, with white space between its values as anyone may write it.
    private static func mostBytes(of rows: MetricsFrame) -> Int {
        let names = rows.columns.reduce(0) { $0 + $1.name.utf8.count }
        return 4096 + 8 * names + 64 * rows.columns.count * rows.rowCount
    }

    /// Compares a text as `metrics.json` holds it with one as `metrics.ndjson` does.
    /// - Returns: nil where the first is no frame
    package init?(ofFrame frameText: UnsafeRawBufferPointer, toRows rowsText: UnsafeRawBufferPointer) {
        let rows = MetricsFrame(rows: rowsText)
        // One with far more text than those rows would take need not be read to be told from them.
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
    /// How many values there are that are not missing, but for columns of Rundir's own.
    fileprivate var shownValueCount: Int {
        shownColumns.reduce(0) { count, column in count + columns[column].cells.count { !$0.isMissing } }
    }

    /// Whether this frame, whose rows stand as they were read, has the values of another one in its order; rows at the end and
    /// columns in which all is missing count for nothing.
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
