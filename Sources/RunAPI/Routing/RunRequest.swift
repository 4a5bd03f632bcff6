internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// A request whose head has been understood, as handlers take it.
struct RunRequest: Sendable {
    let exchange: HTTPExchange
    /// The session that the header `Run-Session` names.
    let session: SessionName
    /// What the head says of a document in the body.
    var body = BodyDescription()
}

extension RunRequest {
    /// - Throws: a problem where `Run-Session` names none
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
