/// Which runs are asked for, in which order, how many.
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
    /// Runs a page.
    package var limit = 50
    /// Where the page before ended.
    package var cursor: RunCursor?
    /// Runs that are left out before the page, of those that come after the cursor. Runs that come and go meanwhile shift it.
    package var offset = 0
    /// Columns that are asked for, which have to be known too.
    package var columns: [RunColumnName] = []

    package init() {}

    /// Whether a query may name a column that no run has, which is missing then: those of `ls_runs()`, and what a run can be
    /// sent at any time.
    package static func mayName(_ column: String) -> Bool {
        standardColumns.contains(column)
            || prefixes.contains { column.utf8.count > $0.utf8.count && column.utf8.starts(with: $0.utf8) }
    }

    /// The columns that the query names although no run has them, and in which part of it; nil where there are none.
    /// - Parameter isKnown: whether a run has a column
    package func unknown(isKnown: (String) -> Bool) -> (parameter: String, names: [RunColumnName])? {
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

/// Where a page of runs ends: what its last run has in the columns of the order, its start and its id. The next page is of
/// those that come after, whatever comes and goes meanwhile.
package struct RunCursor: Sendable, Equatable {
    package let order: RunOrder
    package let values: [RunValue]
    package let start: Double
    package let run: String

    package init(order: RunOrder = .newestFirst, values: [RunValue] = [], start: Double, run: String) {
        (self.order, self.values, self.start, self.run) = (order, values, start, run)
    }
}
