internal import JSON
internal import Limits

/// What a clause is about.
struct SearchKey: Equatable, Sendable {
    enum Entity: Sendable {
        case metric
        case param
        case tag
        case attribute
        case dataset
    }

    let entity: Entity
    let name: String

    /// Reads `metrics.loss`, `params.lr`, `tags.mlflow.user`, `attributes.status`, or an attribute's name alone.
    init(_ text: String) throws(MLflowError) {
        guard let dot = text.firstIndex(of: ".") else {
            (entity, name) = (.attribute, text)
            return
        }
        let word = String(text[..<dot])
        name = String(text[text.index(after: dot)...])
        switch word {
        case "metric", "metrics": entity = .metric
        case "param", "params", "parameter", "parameters": entity = .param
        case "tag", "tags": entity = .tag
        case "attr", "attribute", "attributes", "run": entity = .attribute
        case "dataset", "datasets": entity = .dataset
        default:
            throw .invalid(
                "Invalid entity type '\(word.shown(atMost: 100))'. Valid values are "
                    + "['metric', 'parameter', 'tag', 'attribute', 'dataset']")
        }
        if name.isEmpty { throw .invalid("'\(text)' names nothing") }
    }
}

/// One condition of a filter.
struct SearchClause: Sendable {
    enum Comparison: String, Sendable {
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case equal = "="
        case notEqual = "!="
        case like = "LIKE"
        case ilike = "ILIKE"
        case isIn = "IN"
        case notIn = "NOT IN"
        case isNull = "IS NULL"
        case isNotNull = "IS NOT NULL"
    }

    enum Value: Equatable, Sendable {
        case none
        case number(Double)
        case text(String)
        case list([String])
    }

    let key: SearchKey
    let comparison: Comparison
    let value: Value
}

/// A filter of MLflow: conditions joined by AND.
///
///     metrics.loss < 0.1 AND params.opt = 'adam' AND tags.x LIKE '%y%' AND attributes.status = 'FINISHED'
struct SearchFilter: Sendable {
    let clauses: [SearchClause]

    /// The most conditions, and the most values of a list.
    static let mostClauses = 100
    static let mostValues = 10_000

    /// Reads a filter; an empty one has no conditions.
    init(_ text: String?) throws(MLflowError) {
        var lexer = try SearchLexer(text ?? "", "filter")
        var clauses: [SearchClause] = []
        if lexer.token == .end {
            self.clauses = []
            return
        }
        while true {
            if clauses.count == Self.mostClauses {
                throw lexer.fault("it has more than \(Self.mostClauses) conditions; write a shorter one")
            }
            clauses.append(try Self.clause(&lexer))
            if lexer.token == .end { break }
            guard lexer.token.keyword == "AND" else {
                throw lexer.fault(
                    "found \(Self.words(lexer.token)) at character \(lexer.offset), expected AND. Conditions can be joined "
                        + "by AND alone, without parentheses")
            }
            try lexer.advance()
        }
        self.clauses = clauses
    }

    private static func clause(_ lexer: inout SearchLexer) throws(MLflowError) -> SearchClause {
        guard case .name(let name) = lexer.token else {
            throw lexer.fault(
                "found \(words(lexer.token)) at character \(lexer.offset), expected a name such as metrics.loss")
        }
        let key = try SearchKey(name)
        try lexer.advance()
        let comparison = try comparison(&lexer)
        switch comparison {
        case .isNull, .isNotNull: return SearchClause(key: key, comparison: comparison, value: .none)
        case .isIn, .notIn: return SearchClause(key: key, comparison: comparison, value: .list(try list(&lexer)))
        default: break
        }
        let value: SearchClause.Value
        switch lexer.token {
        case .text(let text): value = .text(text)
        case .number(let digits):
            guard let number = Double(digits), number.isFinite else {
                throw lexer.fault("\(digits.shown(atMost: 100)) at character \(lexer.offset) is not a number")
            }
            value = .number(number)
        default:
            throw lexer.fault(
                "found \(words(lexer.token)) at character \(lexer.offset), expected a number or a text in quotes")
        }
        try lexer.advance()
        return SearchClause(key: key, comparison: comparison, value: value)
    }

    private static func comparison(_ lexer: inout SearchLexer) throws(MLflowError) -> SearchClause.Comparison {
        let (token, offset) = (lexer.token, lexer.offset)
        try lexer.advance()
        if case .symbol(let sign) = token, let comparison = SearchClause.Comparison(rawValue: sign) {
            return comparison
        }
        switch (token.keyword, lexer.token.keyword) {
        case ("LIKE", _): return .like
        case ("ILIKE", _): return .ilike
        case ("IN", _): return .isIn
        case ("NOT", "IN"):
            try lexer.advance()
            return .notIn
        case ("IS", "NULL"):
            try lexer.advance()
            return .isNull
        case ("IS", "NOT"):
            try lexer.advance()
            if lexer.token.keyword == "NULL" {
                try lexer.advance()
                return .isNotNull
            }
        default: break
        }
        throw lexer.fault(
            "found \(words(token)) at character \(offset), expected one of =, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, "
                + "IS NULL, IS NOT NULL")
    }

    private static func list(_ lexer: inout SearchLexer) throws(MLflowError) -> [String] {
        let wanted = "a list of texts, as in ('a', 'b')"
        guard lexer.token == .symbol("(") else {
            throw lexer.fault("found \(words(lexer.token)) at character \(lexer.offset), expected \(wanted)")
        }
        var values: [String] = []
        repeat {
            try lexer.advance()
            guard case .text(let text) = lexer.token else {
                throw lexer.fault("found \(words(lexer.token)) at character \(lexer.offset), expected \(wanted)")
            }
            if values.count == mostValues { throw lexer.fault("a list has more than \(mostValues) values") }
            values.append(text)
            try lexer.advance()
        } while lexer.token == .symbol(",")
        guard lexer.token == .symbol(")") else {
            throw lexer.fault(
                "found \(words(lexer.token)) at character \(lexer.offset), expected a closing parenthesis")
        }
        try lexer.advance()
        return values
    }

    private static func words(_ token: SearchLexer.Token) -> String {
        switch token {
        case .name(let text), .number(let text), .symbol(let text): "\"\(text.shown(atMost: 100))\""
        case .text(let text): "the text '\(text.shown(atMost: 100))'"
        case .end: "the end"
        }
    }
}
