internal import HTTPServer
internal import MetadataWriters

/// What a route does with a body, where its handler does not say so itself.
enum BodyUse: Sendable {
    /// Nothing: what a body says is not asked for.
    case none
    /// It may have the fields that the query may have, as `curl -d` sends them.
    case fields
    /// A document in one of these forms, read by `RunAPI.body(of:)`.
    case document([BodyForm], isRequired: Bool = false)

    /// Gathers the body, then has the request answered.
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
        // The exchange keeps the plan: the plan keeps no exchange.
        return .collect(limit: limit) { answer(RunRequest(exchange: $0, session: session, body: body)) }
    }
}
