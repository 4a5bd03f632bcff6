internal import Limits

/// A column of MLflow's `order_by`: `metrics.loss DESC`, `attributes.start_time`.
struct SearchOrder: Sendable {
    let key: SearchKey
    let isDescending: Bool

    /// - Throws: if the text is not a name, optionally followed by ASC or DESC
    init(_ text: String) throws(MLflowError) {
        var lexer = try SearchLexer(text, "order_by clause")
        // A name that begins with a quote, such as "Run Name".
        switch lexer.token {
        case .name(let name), .text(let name): key = try SearchKey(name)
        default: throw lexer.fault("expected a name such as metrics.loss")
        }
        try lexer.advance()
        switch lexer.token.keyword {
        case "DESC": isDescending = true
        case "ASC", nil: isDescending = false
        default: throw lexer.fault("expected ASC or DESC at character \(lexer.offset)")
        }
        if lexer.token.keyword != nil { try lexer.advance() }
        guard lexer.token == .end else {
            throw lexer.fault("expected the end at character \(lexer.offset); an item of the list names one column")
        }
    }
}
