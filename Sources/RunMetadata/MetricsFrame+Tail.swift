extension MetricsFrame {
    /// The state needed to add further rows.
    package var tail: MetricsTail {
        var tail = MetricsTail()
        tail.keys = order.end
        tail.keys.rows = order.looseCount
        tail.latestEpoch = order.latestEpochPlace
        // Rows by rank in the order. Their places are computed only for the few that matter.
        let rank = order.ordered.map { ordered in
            ordered.enumerated().reduce(into: [Int](repeating: 0, count: ordered.count)) { $0[$1.element] = $1.offset }
        }
        var wanted: [Int: MetricsRowOrder.Place] = [:]
        let ends = columns.map { column in
            var (value, top): (Int?, Int?)
            for (position, cell) in column.cells.enumerated() where !cell.isMissing {
                let here = rank?[position] ?? position
                if here > top.map({ rank?[$0] ?? $0 }) ?? -1 { top = position }
                if isNumber(cell), here > value.map({ rank?[$0] ?? $0 }) ?? -1 { value = position }
            }
            return (value: value, top: top)
        }
        for end in ends {
            for position in [end.value, end.top] {
                if let position { wanted[position] = MetricsRowOrder.Place(value: nil, loose: 0) }
            }
        }
        order.eachPlace { position, place in if wanted[position] != nil { wanted[position] = place } }
        for (column, end) in zip(columns, ends) {
            var kept = MetricsTail.Column(name: column.name)
            kept.value = end.value.flatMap { number(column.cells[$0]) }
            kept.valuePlace = end.value.flatMap { wanted[$0] }
            kept.topPlace = end.top.flatMap { wanted[$0] }
            kept.isTopNumber = end.top != nil && end.top == end.value
            if kept.role == .metric {
                for (position, cell) in column.cells.enumerated() where position != end.value && isNumber(cell) {
                    kept.rangeBefore.include(double(cell))
                }
            }
            tail.columns.append(kept)
        }
        let counted = columns.last { $0.role != .epoch && !$0.role.isHidden }
        tail.completed = counted?.cells.count { isNumber($0) } ?? 0
        return tail
    }
}
