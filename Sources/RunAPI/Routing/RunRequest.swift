internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// A request with a parsed head, as handlers take it.
struct RunRequest: Sendable {
    let exchange: HTTPExchange
    /// The session that the header `Run-Session` names.
    let session: SessionName
    /// The body as described by the head.
    var body = BodyDescription()
}

extension RunRequest {
    /// - Throws: a problem if `Run-Session` is invalid
    init(_ exchange: HTTPExchange) throws(Problem) {
        self.exchange = exchange
        guard let name = exchange.header("Run-Session") else {
            session = .default
            return
        }
        guard let session = SessionName(name) else {
            throw .invalidName("the header Run-Session is \"\(name)\"; \(SessionName.rule)")
        }
        self.session = session
    }
}
