/// A query for runs: condition, order and page.
package struct RunQuery: Sendable {
    /// Whether archived runs are listed.
    package enum Archived: String, Sendable, CaseIterable {
        case without = "false"
        case only = "true"
        case included = "all"
    }

    /// The condition; nil: every run.
    package var predicate: RunPredicate?
    package var order = RunOrder.newestFirst
    package var archived = Archived.without
    /// Runs per page.
    package var limit = 50
    /// Where the previous page ended.
    package var cursor: RunCursor?
    /// How many runs after the cursor to skip before the page. Runs that are added or removed in between shift it.
    package var offset = 0
    /// Which runs may be found at all, by their ids; nil: all.
    package var isVisible: (@Sendable (String) -> Bool)?
    /// Columns to list in addition. They have to be known too.
    package var columns: [RunColumnName] = []
    /// Whether columns that no run has count as missing values rather than as a fault.
    package var takesUnknownColumns = false

    package init() {}

    /// Whether a query may name a column that no run has (its values are missing then): the columns of `ls_runs()`, and
    /// those that can be sent to a run at any time.
    package static func mayName(_ column: String) -> Bool {
        standardColumns.contains(column)
            || prefixes.contains { column.utf8.count > $0.utf8.count && column.utf8.starts(with: $0.utf8) }
    }

    /// The unknown columns that the query names, with the parameter that names them; nil if all are known.
    /// - Parameter isKnown: whether a run has a column
    package func unknown(isKnown: (String) -> Bool) -> (parameter: String, names: [RunColumnName])? {
        if takesUnknownColumns { return nil }
        for (parameter, names) in [
            ("where", predicate?.columns ?? []), ("order", order.keys.map(\.column)), ("columns", columns),
        ] {
            let unknown = names.filter { !isKnown($0.name) && !Self.mayName($0.name) }
            if !unknown.isEmpty { return (parameter, unknown) }
        }
        return nil
    }

    private static let prefixes = ["flag_", "metric_", "eval_", "min_", "max_", "property_"]

    /// The columns of `ls_runs()` that every store knows.
    package static let standardColumns: Set<String> = [
        "run", "start", "end", "completed", "type", "context", "script", "status", "updated", "epochs",
        "epochs_completed", "steps", "steps_completed", "samples", "validation_samples", "batch_size", "learning_rate",
        "error_message",
        "error_traceback",
    ]
}

/// The end of a page of runs: its last run's values in the columns of the order, its start and its id. The next page
/// has the runs after these values, even if runs are added or removed in between.
package struct RunCursor: Sendable, Equatable {
    package let order: RunOrder
    package let values: [RunValue]
    package let start: Double
    package let run: String

    package init(order: RunOrder = .newestFirst, values: [RunValue] = [], start: Double, run: String) {
        (self.order, self.values, self.start, self.run) = (order, values, start, run)
    }
}
