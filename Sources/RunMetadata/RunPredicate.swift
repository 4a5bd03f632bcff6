/// A condition on runs, in the syntax of R's `subset()`: `eval_acc > 0.98 & flag_lr <= 0.01 | is.na(metric_val_loss)`,
/// `grepl("^resnet", flag_model) & start >= "2026-11-01"`.
///
/// Conditions are true, false or missing, as in R; a run is selected if its condition is true. An expression is only
/// this tree: its text is never executed.
package struct RunPredicate: Sendable {
    /// A part of the expression.
    package indirect enum Node: Sendable {
        case value(RunValue)
        /// The index of a column in `columns`.
        case column(Int)
        case compare(Comparison, Node, Node)
        case isIn(Node, RunValueSet)
        case isMissing(Node)
        case passes(RunTextTest, Node)
        case not(Node)
        case all([Node])
        case any([Node])
    }

    package enum Comparison: String, Sendable {
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "=="
        case notEqual = "!="

        /// Whether it holds for values whose comparison gave `order` (-1, 0 or 1).
        func holds(_ order: Int) -> Bool {
            switch self {
            case .less: order < 0
            case .lessOrEqual: order <= 0
            case .greater: order > 0
            case .greaterOrEqual: order >= 0
            case .equal: order == 0
            case .notEqual: order != 0
            }
        }
    }

    /// As it was written.
    package let text: String
    /// The columns that it names, without duplicates, each with its first offset.
    package let columns: [RunColumnName]
    /// The whole expression.
    package let root: Node

    /// Reads an expression.
    /// - Throws: the first fault, with its offset
    package init(_ text: String) throws(RunQueryFault) {
        var parser = try RunQueryParser(text)
        root = try parser.parse()
        columns = parser.columns
        self.text = text
    }

    /// Whether it compares a column with a text, alone or in a list.
    package func looksFor(_ text: String, in column: String) -> Bool {
        guard let place = columns.firstIndex(where: { $0.name == column }) else { return false }
        func isColumn(_ node: Node) -> Bool { if case .column(place) = node { true } else { false } }
        func looks(_ node: Node) -> Bool {
            switch node {
            case .compare(.equal, let one, let other):
                for (one, other) in [(one, other), (other, one)] {
                    if isColumn(one), case .value(.text(text)) = other { return true }
                }
                return false
            case .isIn(let node, let set): return isColumn(node) && set.contains(.text(text))
            case .not(let node): return looks(node)
            case .all(let nodes), .any(let nodes): return nodes.contains(where: looks)
            default: return false
            }
        }
        return looks(root)
    }
}
