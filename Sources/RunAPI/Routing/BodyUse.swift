internal import HTTPServer
internal import MetadataWriters

/// What a route does with a body, unless its handler says so itself.
enum BodyUse: Sendable {
    /// Nothing: a body is ignored.
    case none
    /// It may have the query's parameters, as `curl -d` sends them.
    case fields
    /// A document in one of these forms, read by `RunAPI.body(of:)`.
    case document([BodyForm], isRequired: Bool = false)

    /// Collects the body, then calls `answer`.
    func plan(
        _ request: RunRequest, _ api: RunAPI, then answer: @escaping @Sendable (RunRequest) -> Void
    ) throws(Problem) -> BodyPlan {
        let (exchange, session) = (request.exchange, request.session)
        let body: BodyDescription
        let limit: Int
        switch self {
        case .none, .fields: (body, limit) = (BodyDescription(), api.settings.inlineBody)
        case .document(let forms, let isRequired):
            if isRequired { try exchange.requireBody() }
            let isThere = isRequired || exchange.isChunked || exchange.contentLength ?? 0 > 0
            body = BodyDescription(
                form: isThere ? try exchange.form(of: forms) : .json, isGzipped: try exchange.isGzipped())
            limit = api.settings.maxBody
        }
        // The exchange retains the plan, so the plan must not retain the exchange.
        return .collect(limit: limit) { answer(RunRequest(exchange: $0, session: session, body: body)) }
    }
}
