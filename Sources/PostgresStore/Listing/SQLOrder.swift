internal import RunMetadata

/// Makes SQL of a query's order, and of what comes after a cursor: as `RunSelection` does.
struct SQLOrder {
    private let keys: [(operand: SQLCondition.Operand, isDescending: Bool)]

    init(_ order: RunOrder, _ condition: inout SQLCondition) {
        keys = order.keys.map { (condition.column($0.column.name), $0.isDescending) }
    }

    /// What is selected of each key, for the cursor.
    var selected: String {
        keys.map { ", \($0.operand.kind), \($0.operand.number), \($0.operand.text)" }.joined()
    }

    /// Missing values last in both directions; else numbers before texts, then by value. Equal runs: the newest first.
    var sql: String {
        let terms = keys.flatMap { key in
            let direction = key.isDescending ? "DESC" : "ASC"
            return [
                key.operand.isMissing, "\(Self.isText(key.operand)) \(direction)",
                "\(Self.number(key.operand)) \(direction)", "\(Self.text(key.operand)) \(direction)",
            ]
        }
        return (terms + ["s.start DESC", "s.run DESC"]).joined(separator: ", ")
    }

    private static func isText(_ operand: SQLCondition.Operand) -> String { "coalesce(\(operand.kind) = 3, false)" }

    /// The number of what is none of text, missing and NaN, and 0 else, so that those are equal.
    private static func number(_ operand: SQLCondition.Operand) -> String {
        "(CASE WHEN \(operand.kind) IN (1, 2) AND \(operand.number) <> 'NaN' THEN \(operand.number) ELSE 0 END)"
    }

    private static func text(_ operand: SQLCondition.Operand) -> String {
        "(CASE WHEN \(operand.kind) = 3 THEN \(operand.text) ELSE ''::bytea END)"
    }

    /// Whether a run comes after a cursor.
    func isAfter(_ cursor: RunCursor, _ condition: inout SQLCondition) -> String {
        let (start, run) = (condition.parameter(.double(cursor.start)), condition.parameter(.text(cursor.run)))
        var after = "(s.start < \(start) OR (s.start = \(start) AND s.run < \(run)))"
        for (key, value) in zip(keys, cursor.values).reversed() {
            let (isBehind, isEqual) = Self.compare(key.operand, value, key.isDescending, &condition)
            after = "(\(isBehind) OR (\(isEqual) AND \(after)))"
        }
        return after
    }

    /// Whether a run's key is behind a value, and whether they are equal.
    private static func compare(
        _ operand: SQLCondition.Operand, _ value: RunValue, _ isDescending: Bool, _ condition: inout SQLCondition
    ) -> (isBehind: String, isEqual: String) {
        if value.isMissing { return ("false", operand.isMissing) }
        let sign = isDescending ? "<" : ">"
        if case .text(let text) = value {
            let text = condition.parameter(.bytes(Array(text.utf8)))
            let isBefore = isDescending ? "OR NOT \(isText(operand))" : ""
            return (
                "(\(operand.isMissing) OR (\(isText(operand)) AND \(self.text(operand)) \(sign) \(text)) \(isBefore))",
                "(\(isText(operand)) AND \(self.text(operand)) = \(text))"
            )
        }
        let number = condition.parameter(.double(value.asNumber ?? 0))
        let isBehind = isDescending ? "" : "OR \(isText(operand))"
        let isNumber = "(NOT \(operand.isMissing) AND NOT \(isText(operand)))"
        return (
            "(\(operand.isMissing) OR (\(isNumber) AND \(self.number(operand)) \(sign) \(number)) \(isBehind))",
            "(\(isNumber) AND \(self.number(operand)) = \(number))"
        )
    }
}
