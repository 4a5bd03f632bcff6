internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata

/// The parameters of a request's query; each is taken once.
struct QueryParameters {
    /// All parameters, as sent.
    let all: [(name: String, value: String)]
    private var left: [String: String] = [:]

    /// - Parameters:
    ///   - names: the known parameters; nil: any, also repeated
    ///   - takesForm: whether parameters may also be in the body, as `curl -d` sends them
    init(_ exchange: HTTPExchange, names: [String]?, takesForm: Bool = false) throws(Problem) {
        guard var query = exchange.query else {
            throw .invalidQuery("the query has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8")
        }
        guard let names else {
            all = query
            return
        }
        if takesForm, !exchange.body.isEmpty {
            // Each parameter may be given once.
            let budget = Budget([Limit(.entries, most: names.count)])
            let form: FormFields?
            do throws(LimitExceeded) { form = try FormFields(exchange.body, budget: budget) } catch {
                throw .invalidQuery(
                    "the body has more than \(names.count) fields; the parameters are: \(names.joined(separator: ", "))"
                )
            }
            guard let fields = form else {
                throw .invalidQuery("the body is not a form; send parameters as curl -d does, or in the query")
            }
            query += fields.fields
        }
        for (name, value) in query {
            guard names.contains(name) else {
                throw .invalidQuery(
                    "\"\(name.shown(atMost: 100))\" is unknown here; the parameters are: \(names.isEmpty ? "none" : names.joined(separator: ", "))"
                )
            }
            guard left.updateValue(value, forKey: name) == nil else {
                throw .invalidQuery("\"\(name.shown(atMost: 100))\" is given twice; give it once")
            }
        }
        all = query
    }

    /// A parameter's text; nil if it was not sent.
    mutating func take(_ name: String) -> String? { left.removeValue(forKey: name) }

    /// A parameter that is true or false.
    mutating func flag(_ name: String, default standard: Bool = false) throws(Problem) -> Bool {
        switch take(name) {
        case nil: return standard
        case "true": return true
        case "false": return false
        case let value?: throw .invalidQuery("\(name) is \"\(value.shown(atMost: 100))\"; it has to be true or false")
        }
    }

    /// A parameter that is a finite number; nil if it was not sent.
    mutating func number(_ name: String) throws(Problem) -> Double? {
        guard let text = take(name) else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw .invalidQuery("\(name) is \"\(text.shown(atMost: 100))\"; it has to be a number, such as 0.5")
        }
        return number
    }

    /// A parameter that is a whole number within a range; nil if it was not sent.
    mutating func number(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = take(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalidQuery(
                "\(name) is \"\(text.shown(atMost: 100))\"; it has to be a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// Names of columns, without duplicates; nil if it was not sent.
    mutating func columns(_ name: String) throws(Problem) -> [ExactText]? {
        guard let text = take(name) else { return nil }
        let names: [ExactText]
        do throws(RunQueryFault) {
            names = try RunColumnName.list(text, parameter: name).map { ExactText($0.0.name) }
        } catch {
            throw Problem(error)
        }
        var seen: Set<ExactText> = []
        if let twice = names.first(where: { !seen.insert($0).inserted }) {
            throw .invalidQuery("\"\(twice.text.shown(atMost: 100))\" is named twice in \(name); name each once")
        }
        return names
    }

    /// One of some values; nil if it was not sent.
    mutating func choice<Value: RawRepresentable<String> & CaseIterable>(_ name: String) throws(Problem) -> Value? {
        guard let text = take(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            let allowed = Value.allCases.map(\.rawValue)
            throw Problem.invalidQuery(
                "\(name) is \"\(text.shown(atMost: 100))\"; it has to be one of: \(allowed.joined(separator: ", "))"
            )
            .with { $0.allowed = allowed }
        }
        return value
    }
}
