extension RunPredicate {
    /// Evaluates the condition for all rows at once.
    /// - Parameter columns: the columns of `columns`, in that order, of equal length
    /// - Returns: for each row, whether the condition is true (missing is not)
    package func evaluate(over columns: [RunColumn], rows: Int) -> [Bool] {
        Evaluation(columns: columns, rows: rows).truths(of: root).map { $0 == Truth.yes }
    }

    /// R's logical: false, true, missing.
    private enum Truth {
        static let no: UInt8 = 0
        static let yes: UInt8 = 1
        static let missing: UInt8 = 2

        static func of(_ flag: Bool) -> UInt8 { flag ? yes : no }
    }

    private struct Evaluation {
        let columns: [RunColumn]
        let rows: Int

        func truths(of node: Node) -> [UInt8] {
            switch node {
            case .value(let value): Array(repeating: truth(of: value), count: rows)
            case .column(let index): map(columns[index]) { truth(of: $0) }
            case .compare(let comparison, let left, let right): compare(comparison, left, right)
            case .isIn(let left, let elements): map(left) { Truth.of(elements.contains($0)) }
            case .isMissing(let inner): map(inner) { Truth.of($0.isMissing) }
            case .passes(let test, let inner):
                map(inner) { test.passes($0).map(Truth.of) ?? Truth.missing }
            case .not(let inner): truths(of: inner).map { $0 == Truth.missing ? $0 : 1 - $0 }
            // FALSE & NA is FALSE, TRUE | NA is TRUE.
            case .all(let parts): join(parts, decisive: Truth.no)
            case .any(let parts): join(parts, decisive: Truth.yes)
            }
        }

        private func truth(of value: RunValue) -> UInt8 {
            switch value {
            case .flag(let flag): Truth.of(flag)
            case .number(let number): number.isNaN ? Truth.missing : Truth.of(number != 0)
            case .missing, .text: Truth.missing
            }
        }

        private func join(_ parts: [Node], decisive: UInt8) -> [UInt8] {
            var result = truths(of: parts[0])
            for part in parts.dropFirst() {
                let other = truths(of: part)
                for row in 0..<rows where result[row] != decisive {
                    if other[row] == decisive || other[row] == Truth.missing { result[row] = other[row] }
                }
            }
            return result
        }

        private func compare(_ comparison: Comparison, _ left: Node, _ right: Node) -> [UInt8] {
            func truth(_ one: RunValue, _ other: RunValue) -> UInt8 {
                one.compared(with: other).map { Truth.of(comparison.holds($0)) } ?? Truth.missing
            }
            switch (left, right) {
            case (.column(let index), .value(.number(let number))):
                return map(
                    columns[index], numbers: { Self.truth(comparison, $0, number) },
                    others: { truth($0, .number(number)) })
            case (_, .value(let value)): return map(left) { truth($0, value) }
            case (.value(let value), _): return map(right) { truth(value, $0) }
            default:
                let (one, other) = (column(of: left), column(of: right))
                return (0..<rows).map { truth(one[$0], other[$0]) }
            }
        }

        private static func truth(_ comparison: Comparison, _ one: Double, _ other: Double) -> UInt8 {
            if one.isNaN || other.isNaN { return Truth.missing }
            return Truth.of(comparison.holds(one < other ? -1 : one > other ? 1 : 0))
        }

        /// The value of a part of the expression for each row.
        private func column(of node: Node) -> RunColumn {
            switch node {
            case .column(let index): columns[index]
            case .value(let value): RunColumn(Array(repeating: value, count: rows))
            default:
                RunColumn(truths(of: node).map { $0 == Truth.missing ? .missing : .flag($0 == Truth.yes) })
            }
        }

        private func map(_ node: Node, _ body: (RunValue) -> UInt8) -> [UInt8] {
            if case .value(let value) = node { return Array(repeating: body(value), count: rows) }
            return map(column(of: node), body)
        }

        /// Applies a function to each row's value; for texts, flags and missing, once per distinct value.
        private func map(_ column: RunColumn, _ body: (RunValue) -> UInt8) -> [UInt8] {
            map(column, numbers: { body(.number($0)) }, others: body)
        }

        private func map(
            _ column: RunColumn, numbers: (Double) -> UInt8, others: (RunValue) -> UInt8
        ) -> [UInt8] {
            let texts = column.texts.map { others(.text($0)) }
            let flags = [others(.flag(false)), others(.flag(true))]
            let missing = others(.missing)
            return [UInt8](unsafeUninitializedCapacity: rows) { result, count in
                for row in 0..<rows {
                    let number = column.numbers[row]
                    switch column.kinds[row] {
                    case RunColumn.Kind.number: result[row] = numbers(number)
                    case RunColumn.Kind.text: result[row] = texts[Int(number)]
                    case RunColumn.Kind.flag: result[row] = flags[number == 0 ? 0 : 1]
                    default: result[row] = missing
                    }
                }
                count = rows
            }
        }
    }
}
