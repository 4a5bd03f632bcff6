internal import JSON

extension MetricsFrame {
    /// Whether merging rows by key has overwritten values. `lines` is a frame of the same text in which each line is a
    /// row: true if it has values that this frame lacks.
    package func differs(from lines: MetricsFrame) -> Bool {
        var order = MetricsRowOrder()
        for line in 0..<lines.rowCount {
            let position = order.position(of: lines.key(line))
            for (index, column) in lines.columns.enumerated() where !column.role.isHidden {
                let cell = lines.cell(row: line, column: index)
                if cell.isMissing { continue }
                guard let own = self.column(named: column.nameBytes) else { return true }
                if !isSame(cell, of: lines, as: self.cell(row: position, column: own)) { return true }
            }
        }
        return false
    }

    /// A row's key, from its step and epoch.
    private func key(_ row: Int) -> MetricsRowKey {
        func value(_ role: MetricsColumnRole) -> MetricsAxisValue? {
            columns.firstIndex { $0.role == role }.flatMap { column in
                MetricsAxisValue(json(cell(row: row, column: column)))
            }
        }
        if let step = value(.step) { return MetricsRowKey(.step, step) }
        return value(.epoch).map { MetricsRowKey(.epoch, $0) } ?? .none
    }

    /// Whether the frame begins with the rows of another one. At the end of `other`, rows that are all missing do not
    /// count. Nor do rows of NaN, which pandas writes for epochs to come, if this frame has a row for each of them.
    package func begins(with other: MetricsFrame) -> Bool {
        let known = other.rowCount <= rowCount ? other.measuredRowCount : 0
        let count = known > 0 ? known : other.filledRowCount
        guard count <= rowCount, other.order.axis == .none else { return false }
        let columns = other.columns.indices.filter { !other.columns[$0].role.isHidden }
        let own = columns.map { column(named: other.columns[$0].nameBytes) }
        for row in 0..<count {
            for (column, own) in zip(columns, own) {
                let cell = other.cell(row: row, column: column)
                guard let own else {
                    if cell.isMissing { continue }
                    return false
                }
                if !isSame(cell, of: other, as: self.cell(row: row, column: own)) { return false }
            }
            // A value that is missing there has to be missing here too; otherwise it is another row.
            for (index, column) in self.columns.enumerated() where !column.role.isHidden {
                if !cell(row: row, column: index).isMissing, other.column(named: column.nameBytes) == nil {
                    return false
                }
            }
        }
        return true
    }

    func isSame(_ cell: Cell, of other: MetricsFrame, as own: Cell) -> Bool {
        let (one, two) = (other.json(cell), json(own))
        if one.elementsEqual(two) { return true }
        guard let one = other.number(cell), let two = number(own) else { return false }
        return one.isSameValue(as: two)
    }

    func column(named name: [UInt8]) -> Int? { columns.firstIndex { $0.nameBytes == name } }
}
