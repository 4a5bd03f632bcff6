/// A statement and its values, `$1` and so on in the SQL.
struct Statement: Sendable {
    let sql: String
    let parameters: [Parameter]
    /// Whether it is prepared and kept by the connection. Not for SQL that is made of a query, of which there are many.
    let isKept: Bool

    init(_ sql: String, _ parameters: Parameter..., isKept: Bool = true) {
        (self.sql, self.parameters, self.isKept) = (sql, parameters, isKept)
    }

    init(_ sql: String, parameters: [Parameter], isKept: Bool) {
        (self.sql, self.parameters, self.isKept) = (sql, parameters, isKept)
    }

    static let begin = Statement("BEGIN")
    static let commit = Statement("COMMIT")
    static let rollback = Statement("ROLLBACK")
    /// Begins a transaction that sees one state of the database.
    static let beginReading = Statement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
}
