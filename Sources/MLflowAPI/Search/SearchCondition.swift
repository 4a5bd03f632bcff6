internal import Limits
internal import RunMetadata

/// Converts a filter for runs into a condition for a query of the store (`RunPredicate`).
enum SearchCondition {
    /// The condition that a run belongs to one of some experiments. Runs that do not name one belong to the default
    /// one.
    static func experiments(_ ids: [String]) throws(MLflowError) -> String {
        if ids.count > SearchFilter.mostValues {
            throw .invalid("A search is in up to \(SearchFilter.mostValues) experiments; this one names \(ids.count)")
        }
        let column = quoted(column: MLflowName.experimentID.description)
        let named = "\(column) %in% c(\(ids.map { quoted($0) }.joined(separator: ", ")))"
        return ids.contains(Experiment.defaultID) ? "(is.na(\(column)) | \(named))" : "(\(named))"
    }

    /// The condition of a filter; nil if there is none.
    static func text(_ filter: SearchFilter) throws(MLflowError) -> String? {
        var parts: [String] = []
        for clause in filter.clauses { parts.append(try text(clause)) }
        return parts.isEmpty ? nil : parts.joined(separator: " & ")
    }

    static func text(_ clause: SearchClause) throws(MLflowError) -> String {
        switch clause.key.entity {
        case .metric:
            let column = quoted(column: "metric_" + MLflowName.row(ofMetric: clause.key.name))
            guard case .number(let number) = clause.value else {
                throw .invalid("Expected numeric value type for metric '\(clause.key.name)'")
            }
            return try compare(column, clause, "\(number)", "a metric")
        case .param: return try param(clause)
        case .tag:
            guard let column = MLflowName.column(ofTag: clause.key.name) else {
                throw .invalid("The tag '\(clause.key.name.shown(atMost: 100))' is longer than any tag can be")
            }
            return try test(quoted(column: column), clause)
        case .attribute: return try attribute(clause)
        case .dataset: throw .invalid("Rundir does not search by datasets; use a tag or a param")
        }
    }

    private static func param(_ clause: SearchClause) throws(MLflowError) -> String {
        let column = quoted(column: "flag_" + clause.key.name)
        let test = try test(column, clause)
        // A boolean flag is read as this text.
        guard case .text(let text) = clause.value, text == "true" || text == "false" else { return test }
        switch clause.comparison {
        case .equal: return "(\(test) | \(column) == \(text.uppercased()))"
        case .notEqual: return "(\(test) & \(column) != \(text.uppercased()))"
        default: return test
        }
    }

    private static func attribute(_ clause: SearchClause) throws(MLflowError) -> String {
        let name = clause.key.name
        switch name {
        case "start_time", "created", "Created": return try time("start", clause)
        case "end_time": return try time("end", clause)
        case "status": return try status(clause)
        case "run_id", "run_uuid": return try test("run", clause, listed: true)
        case "user_id": return try test(quoted(column: "mlflow.user"), clause)
        case "run_name", "run name", "Run name", "Run Name":
            // A run without a name uses its id as its name.
            let column = quoted(column: "mlflow.runName")
            return "(\(try test(column, clause)) | (is.na(\(column)) & \(try test("run", clause))))"
        default:
            throw .invalid(
                "Invalid attribute key '\(name.shown(atMost: 100))' specified. Valid keys are 'run_id', 'run_name', "
                    + "'user_id', 'status', 'start_time', 'end_time'")
        }
    }

    /// Rundir's times are in seconds.
    private static func time(_ column: String, _ clause: SearchClause) throws(MLflowError) -> String {
        guard case .number(let milliseconds) = clause.value else {
            throw .invalid("Expected numeric value type for numeric attribute: \(clause.key.name)")
        }
        return try compare(column, clause, "\(milliseconds / 1000)", "a time")
    }

    /// Rundir derives a status from other columns.
    private static func status(_ clause: SearchClause) throws(MLflowError) -> String {
        let matching: [MLflowStatus]
        switch (clause.comparison, clause.value) {
        case (.equal, .text(let text)): matching = MLflowStatus.allCases.filter { $0.rawValue == text.uppercased() }
        case (.notEqual, .text(let text)): matching = MLflowStatus.allCases.filter { $0.rawValue != text.uppercased() }
        case (.like, .text(let text)), (.ilike, .text(let text)):
            let pattern = LikePattern(text, ignoresCase: clause.comparison == .ilike)
            matching = MLflowStatus.allCases.filter { pattern.matches($0.rawValue) }
        case (.isIn, .list(let texts)): matching = MLflowStatus.allCases.filter { texts.contains($0.rawValue) }
        case (.notIn, .list(let texts)): matching = MLflowStatus.allCases.filter { !texts.contains($0.rawValue) }
        default: throw unfit(clause, "a status")
        }
        let conditions = matching.compactMap(\.condition)
        return conditions.isEmpty ? "FALSE" : "(\(conditions.joined(separator: " | ")))"
    }

    // MARK: Parts

    private static func compare(
        _ column: String, _ clause: SearchClause, _ value: String, _ what: String
    ) throws(MLflowError) -> String {
        switch clause.comparison {
        case .equal: "\(column) == \(value)"
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .notEqual:
            "\(column) \(clause.comparison.rawValue) \(value)"
        default: throw unfit(clause, what)
        }
    }

    /// A test of a text.
    private static func test(
        _ column: String, _ clause: SearchClause, listed: Bool = false
    ) throws(MLflowError) -> String {
        switch (clause.comparison, clause.value) {
        case (.equal, .text(let text)): return "\(column) == \(quoted(text))"
        case (.notEqual, .text(let text)): return "\(column) != \(quoted(text))"
        case (.like, .text(let text)): return "grepl(\(quoted(LikePattern.expression(text))), \(column))"
        case (.ilike, .text(let text)):
            return "grepl(\(quoted(LikePattern.expression(text))), \(column), ignore.case = TRUE)"
        case (.isNull, _): return "is.na(\(column))"
        case (.isNotNull, _): return "!is.na(\(column))"
        case (.isIn, .list(let texts)) where listed:
            return "\(column) %in% c(\(texts.map { quoted($0) }.joined(separator: ", ")))"
        case (.notIn, .list(let texts)) where listed:
            return "!(\(column) %in% c(\(texts.map { quoted($0) }.joined(separator: ", "))))"
        case (.isIn, _), (.notIn, _): throw .invalid("Only the run_id and status can be compared with a list of texts")
        case (_, .number):
            throw .invalid(
                "Expected a quoted string value for '\(clause.key.name.shown(atMost: 100))' (e.g. 'my-value')")
        default: throw unfit(clause, "a text")
        }
    }

    private static func unfit(_ clause: SearchClause, _ what: String) -> MLflowError {
        .invalid(
            "Invalid comparator '\(clause.comparison.rawValue)' for \(what) ('\(clause.key.name.shown(atMost: 100))')")
    }

    static func quoted(column name: String) -> String {
        "`\(name.replacing("\\", with: "\\\\").replacing("`", with: "``"))`"
    }

    static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}

extension SearchCondition {
    /// The order of a search for runs.
    static func order(_ clauses: [String]) throws(MLflowError) -> RunOrder {
        if clauses.count > RunOrder.mostColumns {
            throw .invalid("order_by can have up to \(RunOrder.mostColumns) columns")
        }
        var columns: [(name: String, isDescending: Bool)] = []
        for text in clauses {
            let order = try SearchOrder(text)
            columns.append((try column(order.key), order.isDescending))
        }
        return RunOrder(columns)
    }

    private static func column(_ key: SearchKey) throws(MLflowError) -> String {
        switch (key.entity, key.name) {
        case (.metric, let name): return "metric_" + MLflowName.row(ofMetric: name)
        case (.param, let name): return "flag_" + name
        case (.tag, let name): if let column = MLflowName.column(ofTag: name) { return column }
        case (.attribute, "start_time"), (.attribute, "created"), (.attribute, "Created"): return "start"
        case (.attribute, "end_time"): return "end"
        case (.attribute, "status"): return "status"
        case (.attribute, "run_id"), (.attribute, "artifact_uri"): return "run"
        case (.attribute, "user_id"): return "mlflow.user"
        case (.attribute, "run_name"), (.attribute, "Run Name"), (.attribute, "Run name"), (.attribute, "run name"):
            return "mlflow.runName"
        default: break
        }
        throw .invalid("Invalid order_by key '\(key.name.shown(atMost: 100))'")
    }
}
