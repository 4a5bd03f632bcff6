internal import Access
internal import HTTPServer
internal import JSON

/// A method and a path, and how their requests are handled.
///
///     MLflowRoute(.post, "/mlflow/runs/set-tag", .write, on: .bySize, submit: MLflowAPI.setTag)
///
/// An error that a handler throws is sent to the client as an `MLflowError`.
struct MLflowRoute: Sendable {
    /// The threads on which a handler runs.
    enum Threads: Sendable {
        /// On a worker: it takes milliseconds.
        case quick
        /// On a worker: it may take any time.
        case long
        /// On the polling thread if the body is small, so it may not block; else as `long`.
        case bySize
    }

    let method: HTTPMethod
    /// The path after `/api/2.0`. `{name}` matches one segment, `{path}` at the end any number of segments.
    let path: String
    let right: Right
    /// Whether the handler limits itself to the runs that the sender may use.
    private(set) var isInScope = false
    /// Plans how the body is read and the request answered.
    let accept: @Sendable (MLflowAPI, HTTPExchange, [String]) throws -> BodyPlan

    /// A route that plans how the body is read.
    init(
        _ method: HTTPMethod, _ path: String, _ right: Right,
        plan: @escaping @Sendable (MLflowAPI) -> (HTTPExchange, [String]) throws -> BodyPlan
    ) {
        (self.method, self.path, self.right) = (method, path, right)
        accept = { try plan($0)($1, $2) }
    }

    /// A route whose handler replies itself, at once or later.
    init(
        _ method: HTTPMethod, _ path: String, _ right: Right, on threads: Threads = .quick,
        submit: @escaping @Sendable (MLflowAPI) -> (MLflowCall) throws -> Void
    ) {
        (self.method, self.path, self.right) = (method, path, right)
        let readsQuery = method == .get
        accept = { api, exchange, values in
            let query = readsQuery ? try MLflowParameters(queryOf: exchange) : nil
            if !readsQuery { try Self.checkType(exchange) }
            return .collect(limit: api.settings.maxBody) { exchange in
                api.run(on: threads, exchange) {
                    let parameters = try query ?? MLflowParameters(body: exchange.body)
                    try submit(api)(MLflowCall(exchange: exchange, values: values, parameters: parameters))
                }
            }
        }
    }

    /// A route whose handler returns the reply's object.
    init(
        _ method: HTTPMethod, _ path: String, _ right: Right, on threads: Threads = .quick,
        reply: @escaping @Sendable (MLflowAPI) -> (MLflowCall) throws -> JSONObject
    ) {
        self.init(
            method, path, right, on: threads,
            submit: { api in { call in api.reply(call.exchange, try reply(api)(call)) } })
    }

    /// The same route, marked as limited to the runs that the sender may use.
    var inScope: MLflowRoute {
        var route = self
        route.isInScope = true
        return route
    }

    /// Bodies have to be JSON. A form or plain text is refused, since a page of another site can send those without
    /// asking.
    private static func checkType(_ exchange: HTTPExchange) throws(MLflowError) {
        guard let type = exchange.header("Content-Type") else { return }
        if !type.lowercased().contains("json") {
            throw MLflowError(
                .badRequest, "Bad Request. Content-Type must be application/json; it is \(type)")
        }
        if let coding = exchange.header("Content-Encoding"), coding.lowercased() != "identity" {
            throw MLflowError(.badRequest, "Content-Encoding is \(coding); send JSON as it is")
        }
    }
}
