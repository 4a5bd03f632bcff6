internal import Limits

/// Reads a `where` expression by R's precedence: `|`, then `&`, then `!`, then comparisons, then `%in%`, then signs.
struct RunQueryParser {
    private var lexer: RunQueryLexer
    private(set) var columns: [RunColumnName] = []
    /// Levels: whatever is in parentheses, or stands behind a `!` or a sign. Entries: columns and values.
    private let budget = Budget([
        Limit(.depth, most: 64), Limit(.entries, most: 10_000), Limit(.columns, most: 100),
    ])

    init(_ text: String) throws(RunQueryFault) { lexer = try RunQueryLexer(text) }

    /// Reads the whole expression.
    mutating func parse() throws(RunQueryFault) -> RunPredicate.Node {
        if lexer.token == .end {
            throw RunQueryFault(
                "where", at: 0, "where is empty; leave it out, or write a condition such as eval_acc > 0.9")
        }
        let node = try condition(disjunction())
        guard lexer.token == .end else { throw unexpected("an operator such as & or |, or the end") }
        return node
    }

    // MARK: Conditions

    private mutating func disjunction() throws(RunQueryFault) -> Operand {
        let first = try conjunction()
        guard isSymbol("|") || isSymbol("||") else { return first }
        var parts = [try condition(first)]
        while try take("|", or: "||") { parts.append(try condition(conjunction())) }
        return Operand(.any(parts), first.offset)
    }

    private mutating func conjunction() throws(RunQueryFault) -> Operand {
        let first = try negation()
        guard isSymbol("&") || isSymbol("&&") else { return first }
        var parts = [try condition(first)]
        while try take("&", or: "&&") { parts.append(try condition(negation())) }
        return Operand(.all(parts), first.offset)
    }

    private mutating func negation() throws(RunQueryFault) -> Operand {
        let offset = lexer.offset
        guard try take("!") else { return try comparison() }
        try descend(offset)
        defer { ascend() }
        return Operand(.not(try condition(negation())), offset)
    }

    private mutating func comparison() throws(RunQueryFault) -> Operand {
        let left = try membership()
        guard let comparison = comparisonSign() else { return left }
        try lexer.advance()
        let right = try membership()
        if comparisonSign() != nil {
            throw RunQueryFault(
                "where", at: lexer.offset,
                "where: a second comparison at byte \(lexer.offset); join two by &, as in 0 < a & a < 1")
        }
        return Operand(.compare(comparison, left.node, right.node), left.offset)
    }

    private func comparisonSign() -> RunPredicate.Comparison? {
        guard case .symbol(let symbol) = lexer.token else { return nil }
        return RunPredicate.Comparison(rawValue: symbol)
    }

    private mutating func membership() throws(RunQueryFault) -> Operand {
        let left = try operand()
        guard try take("%in%") else { return left }
        return Operand(.isIn(left.node, try elements()), left.offset)
    }

    /// `c(…)`, or one value.
    private mutating func elements() throws(RunQueryFault) -> RunValueSet {
        var elements = RunValueSet()
        guard lexer.token == .name("c") else {
            elements.insert(try literal())
            return elements
        }
        try lexer.advance()
        try expect("(", "a parenthesis, as in c(1, 2)")
        if try take(")") { return elements }
        repeat { elements.insert(try literal()) } while try take(",")
        try expect(")", "a comma or a closing parenthesis")
        return elements
    }

    // MARK: Operands

    private mutating func operand() throws(RunQueryFault) -> Operand {
        let offset = lexer.offset
        switch lexer.token {
        case .symbol("("):
            try lexer.advance()
            try descend(offset)
            defer { ascend() }
            let inner = try disjunction()
            try expect(")", "a closing parenthesis for the one at byte \(offset)")
            return Operand(inner.node, offset)
        case .quotedName(let name):
            try lexer.advance()
            return try column(name, offset)
        case .name(let name) where Self.constants[name] == nil:
            try lexer.advance()
            if isSymbol("(") { return try call(name, offset) }
            return try column(name, offset)
        default: return Operand(.value(try literal()), offset)
        }
    }

    private mutating func call(_ function: String, _ offset: Int) throws(RunQueryFault) -> Operand {
        guard function == "is.na" else {
            throw RunQueryFault(
                "where", at: offset,
                "where: there is no function \(function.shown(atMost: 100)) (byte \(offset)); there are is.na(column), and c(…) behind %in%"
            )
        }
        try lexer.advance()
        try descend(offset)
        defer { ascend() }
        let inner = try disjunction()
        try expect(")", "a closing parenthesis")
        return Operand(.isMissing(inner.node), offset)
    }

    private mutating func column(_ name: String, _ offset: Int) throws(RunQueryFault) -> Operand {
        try count(.entries, offset)
        if let index = columns.firstIndex(where: { $0.name == name }) { return Operand(.column(index), offset) }
        try count(.columns, offset)
        columns.append(RunColumnName(name, at: offset))
        return Operand(.column(columns.count - 1), offset)
    }

    private static let constants: [String: RunValue] = [
        "TRUE": .flag(true), "T": .flag(true), "FALSE": .flag(false), "F": .flag(false), "NA": .missing,
        "NA_character_": .missing, "NA_real_": .missing, "NA_integer_": .missing, "NaN": .number(.nan),
        "Inf": .number(.infinity),
    ]

    private mutating func literal() throws(RunQueryFault) -> RunValue {
        let offset = lexer.offset
        for sign in ["-", "+"] where try take(sign) {
            try descend(offset)
            defer { ascend() }
            guard case .number(let number) = try literal() else { throw unexpected("a number behind \"\(sign)\"") }
            return .number(sign == "-" ? -number : number)
        }
        try count(.entries, offset)
        let value: RunValue
        switch lexer.token {
        case .number(let number): value = .number(number)
        case .text(let text): value = .text(text)
        case .name(let name):
            guard let constant = Self.constants[name] else {
                throw unexpected("a value: a number, a text in quotes, TRUE, FALSE or NA")
            }
            value = constant
        default: throw unexpected("a column or a value")
        }
        try lexer.advance()
        return value
    }

    // MARK: Parts

    /// A part, and where it starts.
    private struct Operand {
        let node: RunPredicate.Node
        let offset: Int

        init(_ node: RunPredicate.Node, _ offset: Int) { (self.node, self.offset) = (node, offset) }
    }

    /// An operand that stands where a condition has to.
    private func condition(_ operand: Operand) throws(RunQueryFault) -> RunPredicate.Node {
        if case .value(.text(let text)) = operand.node {
            throw RunQueryFault(
                "where", at: operand.offset,
                "where: the text \"\(text.shown(atMost: 100))\" at byte \(operand.offset) is no condition; compare it with a column"
            )
        }
        return operand.node
    }

    /// Goes a level deeper. Whatever calls itself does so through this.
    private func descend(_ offset: Int) throws(RunQueryFault) { try count(.depth, offset) }

    private func ascend() { budget.giveBack(of: .depth) }

    private func count(_ quantity: Limit.Quantity, _ offset: Int) throws(RunQueryFault) {
        do throws(LimitExceeded) { try budget.take(of: quantity) } catch {
            throw RunQueryFault("where", at: offset, "where: \(error) at byte \(offset); write a shorter condition")
        }
    }

    private func isSymbol(_ symbol: String) -> Bool { lexer.token == .symbol(symbol) }

    private mutating func take(_ symbol: String) throws(RunQueryFault) -> Bool {
        guard isSymbol(symbol) else { return false }
        try lexer.advance()
        return true
    }

    private mutating func take(_ symbol: String, or other: String) throws(RunQueryFault) -> Bool {
        try take(isSymbol(symbol) ? symbol : other)
    }

    private mutating func expect(_ symbol: String, _ words: String) throws(RunQueryFault) {
        guard try take(symbol) else { throw unexpected(words) }
    }

    private func unexpected(_ wanted: String) -> RunQueryFault {
        let found =
            switch lexer.token {
            case .name(let name), .quotedName(let name): "\"\(name.shown(atMost: 100))\""
            case .text(let text): "the text \"\(text.shown(atMost: 100))\""
            case .number(let number): RunValue.number(number).asText
            case .symbol(let symbol): "\"\(symbol)\""
            case .end: "the end"
            }
        return RunQueryFault(
            "where", at: lexer.offset, "where: \(found) at byte \(lexer.offset), where there has to be \(wanted)")
    }
}
