internal import JSON
internal import RunMetadata

/// Makes SQL of a query's condition and order. R's logic of missing values is SQL's of NULL. Names and values become parameters;
/// the text of the SQL says only how they are combined.
struct SQLCondition {
    /// The parameters so far.
    private(set) var parameters: [Parameter] = []
    /// What is joined to `summaries s` and `runs r`.
    private(set) var joins: [String] = []
    private var columns: [ExactText: Operand] = [:]
    private let now: Double
    private let staleAfter: Double
    /// What the database has that passes a test of text: patterns are matched here, by RE2.
    private let matches: (String, RunTextTest) throws(DatabaseError) -> [[UInt8]]

    init(
        now: Double, staleAfter: Double,
        matches: @escaping (String, RunTextTest) throws(DatabaseError) -> [[UInt8]]
    ) {
        (self.now, self.staleAfter, self.matches) = (now, staleAfter, matches)
    }

    /// A value in SQL, as `Cell` has it.
    struct Operand {
        let kind: String
        let number: String
        let text: String
        /// The column's name, and the value, where it is one.
        var column: String?
        var value: RunValue?

        var isMissing: String {
            "(coalesce(\(kind), 0) = 0 OR (\(kind) = 2 AND \(number) = 'NaN'))"
        }
    }

    mutating func parameter(_ parameter: Parameter) -> String {
        parameters.append(parameter)
        return "$\(parameters.count)"
    }

    // MARK: Operands

    /// A run's value in a column.
    mutating func column(_ name: String) -> Operand {
        if let known = columns[ExactText(name)] { return known }
        var operand: Operand
        if name == "status" {
            joins.append("CROSS JOIN LATERAL (SELECT \(status) AS word OFFSET 0) status")
            operand = Operand(kind: "3", number: "NULL::float8", text: "convert_to(status.word, 'UTF8')")
        } else {
            let alias = "c\(columns.count)"
            let name = parameter(.text(name))
            joins.append("LEFT JOIN cells \(alias) ON \(alias).run = s.run AND \(alias).name = \(name)")
            operand = Operand(kind: "\(alias).kind", number: "\(alias).number", text: "\(alias).text")
        }
        operand.column = name
        columns[ExactText(name)] = operand
        return operand
    }

    /// The status, as `RunSummary.status` and the run's place say.
    mutating func statusSQL() -> String { status }

    private var status: String {
        mutating get {
            """
            CASE r.place WHEN 3 THEN 'pending' WHEN 2 THEN 'archived' ELSE coalesce(s.outcome,
            CASE WHEN \(parameter(.double(now))) - s.updated > \(parameter(.double(staleAfter))) THEN 'stale'
            ELSE 'running' END) END
            """
        }
    }

    private mutating func operand(_ node: RunPredicate.Node, _ names: [RunColumnName]) throws(DatabaseError) -> Operand
    {
        switch node {
        case .column(let index): return column(names[index].name)
        case .value(let value):
            let cell = Cell(value)
            return Operand(
                kind: "\(cell?.kind ?? 0)", number: parameter(.double(cell?.number)),
                text: parameter(.bytes(cell?.text)), value: value)
        default:
            // Named, so that it is not written again wherever it is used; OFFSET keeps the planner from doing so.
            let condition = try condition(node, names)
            let alias = "b\(joins.count)"
            joins.append("CROSS JOIN LATERAL (SELECT (\(condition)) AS truth OFFSET 0) \(alias)")
            return Operand(
                kind: "(CASE WHEN \(alias).truth IS NULL THEN 0 ELSE 1 END)",
                number: "(CASE WHEN \(alias).truth THEN 1 ELSE 0 END)::float8",
                text: "convert_to(CASE WHEN \(alias).truth THEN 'TRUE' ELSE 'FALSE' END, 'UTF8')")
        }
    }

    // MARK: Conditions

    /// A condition; NULL is missing.
    mutating func condition(_ node: RunPredicate.Node, _ names: [RunColumnName]) throws(DatabaseError) -> String {
        switch node {
        case .value, .column:
            let operand = try operand(node, names)
            return """
                (CASE \(operand.kind) WHEN 1 THEN \(operand.number) <> 0
                WHEN 2 THEN CASE WHEN \(operand.number) <> 'NaN' THEN \(operand.number) <> 0 END END)
                """
        case .compare(let comparison, let left, let right):
            return compare(comparison, try operand(left, names), try operand(right, names))
        case .isIn(let node, let set): return isIn(try operand(node, names), set)
        case .isMissing(let node): return try operand(node, names).isMissing
        case .passes(let test, let node): return try passes(test, try operand(node, names))
        case .not(let node): return "(NOT \(try condition(node, names)))"
        case .all(let nodes): return try join(nodes, " AND ", names)
        case .any(let nodes): return try join(nodes, " OR ", names)
        }
    }

    private mutating func join(
        _ nodes: [RunPredicate.Node], _ word: String, _ names: [RunColumnName]
    ) throws(DatabaseError) -> String {
        var parts: [String] = []
        for node in nodes { parts.append(try condition(node, names)) }
        return "(\(parts.joined(separator: word)))"
    }

    /// As `RunValue.compared(with:)`.
    private func compare(_ comparison: RunPredicate.Comparison, _ left: Operand, _ right: Operand) -> String {
        let sign =
            switch comparison {
            case .less: "<"
            case .lessOrEqual: "<="
            case .greater: ">"
            case .greaterOrEqual: ">="
            case .equal: "="
            case .notEqual: "<>"
            }
        let texts = "\(left.text) \(sign) \(right.text)"
        // The usual case, a column and a number.
        if case .number(let number)? = right.value, !number.isNaN {
            return """
                (CASE WHEN \(left.isMissing) OR \(left.number) = 'NaN' THEN NULL
                WHEN \(left.number) IS NULL THEN \(texts) ELSE \(left.number) \(sign) \(right.number) END)
                """
        }
        return """
            (CASE WHEN \(left.isMissing) OR \(right.isMissing) THEN NULL
            WHEN (\(left.kind) = 3 AND \(right.kind) IN (1, 3)) OR (\(left.kind) = 1 AND \(right.kind) = 3) THEN \(texts)
            WHEN \(left.number) IS NULL OR \(right.number) IS NULL THEN \(texts)
            WHEN \(left.number) = 'NaN' OR \(right.number) = 'NaN' THEN NULL
            ELSE \(left.number) \(sign) \(right.number) END)
            """
    }

    /// As `RunValueSet.contains(_:)`.
    private mutating func isIn(_ operand: Operand, _ set: RunValueSet) -> String {
        func numbers(_ sets: Set<Double>...) -> Parameter { .doubles(sets.reduce(Set()) { $0.union($1) }.sorted()) }
        func texts(_ sets: Set<ExactText>...) -> Parameter {
            .blobs(sets.reduce(Set()) { $0.union($1) }.sorted().map { Array($0.text.utf8) })
        }
        let forNumbers = parameter(numbers(set.numbers, set.numbersOfFlags, set.numbersOfTexts))
        let forFlags = parameter(numbers(set.numbers, set.numbersOfFlags))
        let (flagTexts, forTexts) = (parameter(texts(set.texts)), parameter(texts(set.texts, set.textsOfFlags)))
        let numbersOfTexts = parameter(numbers(set.numbers))
        return """
            (CASE coalesce(\(operand.kind), 0) WHEN 0 THEN \(parameter(.bool(set.hasMissing)))
            WHEN 2 THEN CASE WHEN \(operand.number) = 'NaN' THEN \(parameter(.bool(set.hasNaN)))
                ELSE \(operand.number) = ANY (\(forNumbers)) END
            WHEN 1 THEN \(operand.number) = ANY (\(forFlags)) OR \(operand.text) = ANY (\(flagTexts))
            ELSE \(operand.text) = ANY (\(forTexts))
                OR coalesce(\(operand.number) <> 'NaN' AND \(operand.number) = ANY (\(numbersOfTexts)), false) END)
            """
    }

    /// As `RunTextTest.passes(_:)`.
    private mutating func passes(_ test: RunTextTest, _ operand: Operand) throws(DatabaseError) -> String {
        switch test {
        case .startsWith(let text):
            let count = text.utf8.count
            return """
                (CASE WHEN coalesce(\(operand.kind), 0) <> 0
                THEN substring(\(operand.text) FROM 1 FOR \(count)) = \(parameter(.bytes(Array(text.utf8)))) END)
                """
        case .endsWith(let text):
            let count = text.utf8.count
            return """
                (CASE WHEN coalesce(\(operand.kind), 0) <> 0 THEN length(\(operand.text)) >= \(count)
                AND substring(\(operand.text) FROM greatest(length(\(operand.text)) - \(count), 0) + 1)
                    = \(parameter(.bytes(Array(text.utf8)))) END)
                """
        case .grepl:
            let found: [[UInt8]] =
                if let column = operand.column, column != "status" {
                    try matches(column, test)
                } else {
                    (RunStatus.allCases.map(\.rawValue) + ["TRUE", "FALSE"] + [operand.value?.asText ?? ""]).filter {
                        test.passes(.text($0)) == true
                    }.map { Array($0.utf8) }
                }
            return """
                (coalesce(\(operand.kind), 0) <> 0 AND \(operand.text) = ANY (\(parameter(.blobs(found)))))
                """
        }
    }
}
