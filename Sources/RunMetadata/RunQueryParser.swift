internal import JSON
internal import Limits

/// Reads a `where` expression by R's precedence: `|`, then `&`, then `!`, then comparisons, then `%in%`, then signs.
struct RunQueryParser {
    var lexer: RunQueryLexer
    private(set) var columns: [RunColumnName] = []
    /// Levels: parentheses, and operands of `!` or a sign. Entries: columns and values. Patterns: each takes up to 1
    /// MiB.
    private let budget = Budget([
        Limit(.depth, most: 64), Limit(.entries, most: 10_000), Limit(.columns, most: 100), Limit(.patterns, most: 20),
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

    mutating func disjunction() throws(RunQueryFault) -> Operand {
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
        let node = RunPredicate.Node.compare(comparison, try side(left, of: right), try side(right, of: left))
        if comparisonSign() != nil {
            throw RunQueryFault(
                "where", at: lexer.offset,
                "where: a second comparison at byte \(lexer.offset); join comparisons with &, as in 0 < a & a < 1")
        }
        return Operand(node, left.offset)
    }

    /// One side of a comparison. A text that is compared with a time is converted to a time.
    private func side(_ operand: Operand, of other: Operand) throws(RunQueryFault) -> RunPredicate.Node {
        guard case .value(let value) = operand.node else { return operand.node }
        return .value(try time(value, operand.offset, beside: other.node))
    }

    /// Columns of times, which are numbers: seconds since 1970.
    private static let times: Set<String> = ["start", "end", "updated"]

    /// The value to compare with a column: if that is a time, the seconds since 1970 of a date.
    private func time(
        _ value: RunValue, _ offset: Int, beside node: RunPredicate.Node
    ) throws(RunQueryFault) -> RunValue {
        guard case .column(let index) = node, case .text(let text) = value, Self.times.contains(columns[index].name),
            value.asNumber == nil
        else { return value }
        guard let seconds = ISOTime.seconds(text) else {
            throw RunQueryFault(
                "where", at: offset,
                "where: \"\(text.shown(atMost: 100))\" at byte \(offset) is not a time to compare \(columns[index].name) with; "
                    + "write a date such as \"2026-11-24\", or a date and time such as \"2026-11-24T09:30:00Z\" (without a zone: UTC)"
            )
        }
        return .number(seconds)
    }

    private func comparisonSign() -> RunPredicate.Comparison? {
        guard case .symbol(let symbol) = lexer.token else { return nil }
        return RunPredicate.Comparison(rawValue: symbol)
    }

    private mutating func membership() throws(RunQueryFault) -> Operand {
        let left = try operand()
        guard try take("%in%") else { return left }
        return Operand(.isIn(left.node, try elements(beside: left.node)), left.offset)
    }

    /// `c(…)`, or one value.
    private mutating func elements(beside node: RunPredicate.Node) throws(RunQueryFault) -> RunValueSet {
        var elements = RunValueSet()
        func element() throws(RunQueryFault) -> RunValue {
            let offset = lexer.offset
            return try time(literal(), offset, beside: node)
        }
        guard lexer.token == .name("c") else {
            elements.insert(try element())
            return elements
        }
        try lexer.advance()
        try expect("(", "a parenthesis, as in c(1, 2)")
        if try take(")") { return elements }
        repeat { elements.insert(try element()) } while try take(",")
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

    private mutating func column(_ name: String, _ offset: Int) throws(RunQueryFault) -> Operand {
        try count(.entries, offset)
        if let index = columns.firstIndex(where: { ExactText($0.name) == ExactText(name) }) {
            return Operand(.column(index), offset)
        }
        try count(.columns, offset)
        columns.append(RunColumnName(name, at: offset))
        return Operand(.column(columns.count - 1), offset)
    }

    private static let constants: [String: RunValue] = [
        "TRUE": .flag(true), "T": .flag(true), "FALSE": .flag(false), "F": .flag(false), "NA": .missing,
        "NA_character_": .missing, "NA_real_": .missing, "NA_integer_": .missing, "NaN": .number(.nan),
        "Inf": .number(.infinity),
    ]

    mutating func literal() throws(RunQueryFault) -> RunValue {
        let offset = lexer.offset
        for sign in ["-", "+"] where try take(sign) {
            try descend(offset)
            defer { ascend() }
            guard case .number(let number) = try literal() else { throw unexpected("a number after \"\(sign)\"") }
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

    /// A part of the expression, and where it starts.
    struct Operand {
        let node: RunPredicate.Node
        let offset: Int

        init(_ node: RunPredicate.Node, _ offset: Int) { (self.node, self.offset) = (node, offset) }
    }

    /// Converts an operand to a condition.
    private func condition(_ operand: Operand) throws(RunQueryFault) -> RunPredicate.Node {
        if case .value(.text(let text)) = operand.node {
            throw RunQueryFault(
                "where", at: operand.offset,
                "where: the text \"\(text.shown(atMost: 100))\" at byte \(operand.offset) is not a condition; compare it with a column"
            )
        }
        return operand.node
    }

    /// Enters one more level. All recursion passes through this.
    func descend(_ offset: Int) throws(RunQueryFault) { try count(.depth, offset) }

    func ascend() { budget.giveBack(of: .depth) }

    func count(_ quantity: Limit.Quantity, _ offset: Int) throws(RunQueryFault) {
        do throws(LimitExceeded) { try budget.take(of: quantity) } catch {
            throw RunQueryFault("where", at: offset, "where: \(error) at byte \(offset); write a shorter condition")
        }
    }

    func isSymbol(_ symbol: String) -> Bool { lexer.token == .symbol(symbol) }

    mutating func take(_ symbol: String) throws(RunQueryFault) -> Bool {
        guard isSymbol(symbol) else { return false }
        try lexer.advance()
        return true
    }

    private mutating func take(_ symbol: String, or other: String) throws(RunQueryFault) -> Bool {
        try take(isSymbol(symbol) ? symbol : other)
    }

    mutating func expect(_ symbol: String, _ words: String) throws(RunQueryFault) {
        guard try take(symbol) else { throw unexpected(words) }
    }

    func unexpected(_ wanted: String) -> RunQueryFault {
        if isSymbol("=") {
            return RunQueryFault(
                "where", at: lexer.offset, "where: \"=\" at byte \(lexer.offset) is no operator; use \"==\" to compare")
        }
        let found =
            switch lexer.token {
            case .name(let name), .quotedName(let name): "\"\(name.shown(atMost: 100))\""
            case .text(let text): "the text \"\(text.shown(atMost: 100))\""
            case .number(let number): RunValue.number(number).asText
            case .symbol(let symbol): "\"\(symbol)\""
            case .end: "the end"
            }
        return RunQueryFault(
            "where", at: lexer.offset, "where: found \(found) at byte \(lexer.offset), expected \(wanted)")
    }
}
