internal import Access
internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// A request with a parsed head, as handlers take it.
struct RunRequest: Sendable {
    let exchange: HTTPExchange
    /// The session in the header `Run-Session`; for a token that is limited to some runs, a session of its own.
    let session: SessionName
    /// The body as described by the head.
    var body = BodyDescription()

    /// What its sender may do.
    var grant: Grant { exchange.grant }
}

extension RunRequest {
    /// - Throws: a problem if `Run-Session` is invalid
    init(_ exchange: HTTPExchange) throws(Problem) {
        self.exchange = exchange
        let name = exchange.header("Run-Session")
        let sent: SessionName? = name.map { SessionName($0) } ?? SessionName.default
        guard let sent, !sent.isOfToken else {
            throw .invalidName("the header Run-Session is \"\(name ?? "")\"; \(SessionName.rule)")
        }
        guard let own = exchange.grant.session(sent) else {
            throw .invalidName("the header Run-Session is \"\(sent)\", which is too long for a token with --only")
        }
        session = own
    }
}
