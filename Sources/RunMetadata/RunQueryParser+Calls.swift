internal import Limits

/// The functions of an expression.
extension RunQueryParser {
    /// Reads a function's arguments, from the opening parenthesis on.
    mutating func call(_ function: String, _ offset: Int) throws(RunQueryFault) -> Operand {
        guard Self.functions.contains(function) else {
            throw RunQueryFault(
                "where", at: offset,
                "where: there is no function \(function.shown(atMost: 100)) (byte \(offset)); use is.na(column), "
                    + "grepl(\"regex\", column), startsWith(column, \"text\"), endsWith(column, \"text\"), "
                    + "or c(…) after %in%")
        }
        try lexer.advance()
        try descend(offset)
        defer { ascend() }
        let node: RunPredicate.Node =
            switch function {
            case "is.na": .isMissing(try disjunction().node)
            case "grepl": try grepl()
            default: try affix(function)
            }
        try expect(")", "a closing parenthesis")
        return Operand(node, offset)
    }

    private static let functions: Set<String> = ["is.na", "grepl", "startsWith", "endsWith"]

    /// `column, "text"`.
    private mutating func affix(_ function: String) throws(RunQueryFault) -> RunPredicate.Node {
        let wanted = "\(function)(column, \"text\")"
        let column = try tested(wanted)
        try expect(",", "a comma, as in \(wanted)")
        let text = try text(wanted)
        return .passes(function == "startsWith" ? .startsWith(text) : .endsWith(text), column)
    }

    /// `"regex", column`, and options.
    private mutating func grepl() throws(RunQueryFault) -> RunPredicate.Node {
        let wanted = "grepl(\"regex\", column)"
        let offset = lexer.offset
        let pattern = try text(wanted)
        try expect(",", "a comma, as in \(wanted)")
        let column = try tested(wanted)
        var options: [String: Bool] = [:]
        while try take(",") {
            let place = lexer.offset
            let (name, value) = try option()
            if options.updateValue(value, forKey: name) != nil {
                throw RunQueryFault("where", at: place, "where: \(name) is there again at byte \(place); leave one out")
            }
        }
        let (isLiteral, ignoresCase) = (options["fixed"] ?? false, options["ignore.case"] ?? false)
        if isLiteral, ignoresCase || options["perl"] == true {
            throw RunQueryFault(
                "where", at: offset,
                "where: grepl() at byte \(offset) has fixed = TRUE, with which R ignores ignore.case and perl; leave one out"
            )
        }
        try count(.patterns, offset)
        do throws(RunPattern.Failure) {
            let pattern = try RunPattern(pattern, isLiteral: isLiteral, ignoresCase: ignoresCase)
            return .passes(.grepl(pattern), column)
        } catch {
            throw RunQueryFault(
                "where", at: offset,
                "where: the regular expression at byte \(offset) is not understood: \(error.reason.shown(atMost: 200)); "
                    + "use RE2's syntax, or fixed = TRUE to search for a literal text")
        }
    }

    /// `ignore.case = TRUE`. `perl` changes nothing: RE2 reads patterns that way anyway.
    private mutating func option() throws(RunQueryFault) -> (name: String, value: Bool) {
        let names = ["ignore.case", "fixed", "perl"]
        guard case .name(let name) = lexer.token, names.contains(name) else {
            throw unexpected("ignore.case = TRUE or fixed = TRUE")
        }
        try lexer.advance()
        try expect("=", "\"=\", as in \(name) = TRUE")
        let offset = lexer.offset
        guard case .flag(let value) = try literal() else {
            throw RunQueryFault("where", at: offset, "where: \(name) at byte \(offset) has to be TRUE or FALSE")
        }
        return (name, value)
    }

    /// The column that a function tests. A constant here is a mistake: it would be the same for all runs.
    private mutating func tested(_ wanted: String) throws(RunQueryFault) -> RunPredicate.Node {
        if case .text = lexer.token { throw unexpected("a column, as in \(wanted)") }
        return try disjunction().node
    }

    private mutating func text(_ wanted: String) throws(RunQueryFault) -> String {
        guard case .text(let text) = lexer.token else { throw unexpected("a text in quotes, as in \(wanted)") }
        try count(.entries, lexer.offset)
        try lexer.advance()
        return text
    }
}
