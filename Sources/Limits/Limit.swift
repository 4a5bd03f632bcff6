/// A bound on what input may have: of what, how much, and how an operator moves it.
package struct Limit: Sendable, Hashable {
    /// What is bounded.
    package enum Quantity: String, Sendable, Hashable, CaseIterable {
        /// Bytes, unpacked where the input is packed.
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
        /// Runs that wait to be initialised.
        case pendingRuns
    }

    package let quantity: Quantity
    /// The most that is taken; one more is refused.
    package let most: Int
    /// The option that moves it, such as `--max-upload`; nil where it is fixed.
    package let setting: String?

    package init(_ quantity: Quantity, most: Int, setting: String? = nil) {
        (self.quantity, self.most, self.setting) = (quantity, most, setting)
    }
}

/// Input that has more than it may.
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
            }
        return "over \(limit.most) \(unit)" + (limit.setting.map { " (\($0))" } ?? "")
    }
}
