internal import HTTPServer
internal import JSON
internal import Limits

/// The parameters of a request: a JSON object, or the fields of a query. Unknown ones are ignored, as in MLflow: newer
/// clients send more.
struct MLflowParameters: Sendable {
    let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    /// The body of a POST, PATCH or DELETE; empty: no parameters.
    /// - Parameter values: the most values in the body
    init(body: [UInt8], values: Limit = Limit(.values, most: 1 << 20)) throws(MLflowError) {
        if body.isEmpty {
            object = JSONObject()
            return
        }
        if JSONValueCount.exceeds(values.most, in: body) {
            throw .invalid("The request has \(LimitExceeded(values)); send it in parts")
        }
        let value: JSONValue
        do throws(JSONSyntaxError) { value = try JSONValue.parse(body, nonFinite: .allowed) } catch {
            throw MLflowError(.badRequest, "The body is not JSON, at byte \(error.offset): \(error.reason)")
        }
        guard let object = value.object else { throw MLflowError(.badRequest, "The body is not a JSON object") }
        self.object = object
    }

    /// The query of a GET. A name that occurs several times becomes a list.
    init(queryOf exchange: HTTPExchange) throws(MLflowError) {
        guard let fields = exchange.query else { throw MLflowError(.badRequest, "The query has a broken escape") }
        var object = JSONObject()
        for (name, value) in fields {
            switch object[name] {
            case nil: object[name] = .string(value)
            case .array(let values): object[name] = .array(values + [.string(value)])
            case let first?: object[name] = .array([first, .string(value)])
            }
        }
        self.object = object
    }

    /// A text; a number counts as its text. Nil if it is missing or null.
    func text(_ name: String) throws(MLflowError) -> String? {
        switch object[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case .number(let number): return number.text
        case .bool(let flag): return flag ? "true" : "false"
        default: throw Self.fault(name, object[name], "a text")
        }
    }

    /// A text that must not be missing or empty.
    func required(_ name: String) throws(MLflowError) -> String {
        guard let text = try text(name), !text.isEmpty else { throw .missing(name) }
        return text
    }

    /// A 64-bit integer, as a number or as text.
    func whole(_ name: String) throws(MLflowError) -> Int? {
        switch object[name] {
        case nil, .null: return nil
        case .number(let number): if let whole = number.int { return whole }
        case .string(let text): if let whole = JSONNumber(text)?.int { return whole }
        default: break
        }
        throw Self.fault(name, object[name], "a whole number of 64 bits")
    }

    /// A number, or one of the texts `NaN`, `Infinity` and `-Infinity`.
    func number(_ name: String) throws(MLflowError) -> JSONNumber {
        switch object[name] {
        case nil, .null: throw .missing(name)
        case .number(let number): return number
        case .string(let text): if let number = JSONNumber(text) { return number }
        default: break
        }
        throw Self.fault(name, object[name], "a number")
    }

    /// A list; a single value counts as a list of one. Empty if it is missing.
    func list(_ name: String) -> [JSONValue] {
        switch object[name] {
        case nil, .null: []
        case .array(let values): values
        case let value?: [value]
        }
    }

    func texts(_ name: String) throws(MLflowError) -> [String] {
        var texts: [String] = []
        for value in list(name) {
            switch value {
            case .string(let text): texts.append(text)
            case .number(let number): texts.append(number.text)
            default: throw Self.fault(name, value, "a list of texts")
            }
        }
        return texts
    }

    /// A list of objects.
    /// - Parameter most: the most objects
    func objects(_ name: String, atMost most: Int = .max) throws(MLflowError) -> [MLflowParameters] {
        let values = list(name)
        if values.count > most {
            throw .invalid("A request can have up to \(most) \(name); this one has \(values.count)")
        }
        var objects: [MLflowParameters] = []
        for value in values {
            guard let object = value.object else { throw Self.fault(name, value, "a list of objects") }
            objects.append(MLflowParameters(object))
        }
        return objects
    }

    private static func fault(_ name: String, _ value: JSONValue?, _ wanted: String) -> MLflowError {
        let text = value.map { String(decoding: JSONWriter.compact($0), as: UTF8.self) } ?? "missing"
        return .invalid("Invalid value \(text.shown(atMost: 100)) for parameter '\(name)': it has to be \(wanted)")
    }
}
