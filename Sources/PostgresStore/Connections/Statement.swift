/// A statement and its parameters, `$1` and so on in the SQL.
struct Statement: Sendable {
    let sql: String
    let parameters: [Parameter]
    /// Whether the connection prepares and keeps it. False for SQL that is made from a query, since there are many of
    /// these.
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
