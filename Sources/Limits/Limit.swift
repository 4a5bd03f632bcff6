/// A bound on input: of what, how much, and which option changes it.
package struct Limit: Sendable, Hashable {
    /// What is bounded.
    package enum Quantity: String, Sendable, Hashable, CaseIterable {
        /// Bytes, after unpacking.
        case bytes
        /// Files and folders of an archive, parts or fields of a form.
        case entries
        /// Values of a document: members, elements, fields of a table.
        case values
        /// Levels: folders of a path, arrays and objects of a document, operators of an expression.
        case depth
        /// Files that are open at once.
        case files
        /// Names that become files or columns.
        case names
        /// Columns of a table, of a listing, of a query.
        case columns
        /// Regular expressions of a query.
        case patterns
        /// Runs that are not initialised yet.
        case pendingRuns
        /// Those that one sender made.
        case pendingOfSender
        /// Runs, archived ones among them.
        case runs
        /// Readers of events.
        case readers
    }

    package let quantity: Quantity
    /// The greatest amount that is accepted.
    package let most: Int
    /// The option that changes it, such as `--max-upload`; nil if it is fixed.
    package let setting: String?

    package init(_ quantity: Quantity, most: Int, setting: String? = nil) {
        (self.quantity, self.most, self.setting) = (quantity, most, setting)
    }
}

/// Input exceeds a limit.
package struct LimitExceeded: Error, Sendable, Equatable, CustomStringConvertible {
    package let limit: Limit

    package init(_ limit: Limit) { self.limit = limit }

    /// For example: `over 4294967296 bytes (--max-upload)`.
    package var description: String {
        let unit =
            switch limit.quantity {
            case .bytes: "bytes"
            case .entries: "entries"
            case .values: "values"
            case .depth: "levels"
            case .files: "files"
            case .names: "names"
            case .columns: "columns"
            case .patterns: "regular expressions"
            case .pendingRuns: "pending runs"
            case .pendingOfSender: "pending runs of one sender"
            case .runs: "runs"
            case .readers: "readers"
            }
        return "over \(limit.most) \(unit)" + (limit.setting.map { " (\($0))" } ?? "")
    }
}
