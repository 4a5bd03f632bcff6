import JSON

/// A data frame that is sent: columns of one length. Nil: missing.
struct SentFrame {
    var columns: [(name: String, values: [Double?])]

    var rowCount: Int { columns.first?.values.count ?? 0 }

    var transport: JSONValue {
        .object(
            JSONObject(
                columns.map { column in
                    (column.name, .array(column.values.map { $0.map { SentValue.number($0).transport } ?? nil }))
                }))
    }

    subscript(name: String) -> [Double?]? { columns.first { $0.name == name }?.values }

    func rows(_ indices: some Sequence<Int>) -> SentFrame {
        let indices = Array(indices)
        return SentFrame(columns: columns.map { column in (column.name, indices.map { column.values[$0] }) })
    }

    /// As it is when a client that loses something has written it.
    func written(_ losses: Losses) -> SentFrame {
        SentFrame(
            columns: columns.map { column in
                let missing: Double? = losses.contains(.missing) ? .nan : nil
                return (
                    column.name, column.values.map { $0.flatMap { losses.isMissing($0) ? missing : $0 } ?? missing }
                )
            })
    }
}

/// A run's metrics by the rules of the README, as simply as they can be said: rows that are looked for one by one.
struct FrameModel {
    private struct Row {
        var cells: [String: Double]
        /// The greatest value on the axis of steps, and of epochs, that had arrived before it.
        let behind: (step: Double, epoch: Double)
    }

    private var rows: [Row] = []
    private var isWhole = false

    /// The rows in order.
    var ordered: [[String: Double]] {
        if isWhole { return rows.map(\.cells) }
        let axis = rows.contains { $0.cells["step"] != nil } ? "step" : "epoch"
        let places = rows.enumerated().map { index, row in
            if let value = row.cells[axis] { return (value, 0, index) }
            return (axis == "step" ? row.behind.step : row.behind.epoch, 1, index)
        }
        return places.sorted(by: <).map { rows[$0.2].cells }
    }

    mutating func take(_ frame: SentFrame) {
        let key = frame["step"] ?? frame["epoch"]
        if frame.rowCount > 1, key.map({ Set($0).count < $0.count }) ?? true {
            isWhole = true
            rows = (0..<frame.rowCount).map { Row(cells: cells(of: frame, $0), behind: (0, 0)) }
            return
        }
        isWhole = false
        for index in 0..<frame.rowCount { take(cells(of: frame, index)) }
    }

    private func cells(of frame: SentFrame, _ row: Int) -> [String: Double] {
        frame.columns.reduce(into: [:]) { cells, column in cells[column.name] = column.values[row] }
    }

    private mutating func take(_ cells: [String: Double]) {
        let place = rows.firstIndex { row in
            if let step = cells["step"] { return row.cells["step"] == step }
            guard let epoch = cells["epoch"] else { return false }
            return row.cells["step"] == nil && row.cells["epoch"] == epoch
        }
        if let place { return rows[place].cells.merge(cells) { $1 } }
        func greatest(_ name: String) -> Double { rows.compactMap { $0.cells[name] }.max() ?? -.infinity }
        rows.append(Row(cells: cells, behind: (greatest("step"), greatest("epoch"))))
    }
}
