internal import Access
internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// A request with a parsed head, as handlers take it.
struct RunRequest: Sendable {
    let exchange: HTTPExchange
    /// The session that the header `Run-Session` names; of a token that is limited to some runs, one of its own.
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
        guard let token = exchange.grant.token, token.scope.isLimited else {
            session = sent
            return
        }
        guard let own = SessionName(sent.description, ofToken: token.id) else {
            throw .invalidName("the header Run-Session is \"\(sent)\", which is too long for a token with --only")
        }
        session = own
    }
}

/// Sessions of tokens that are limited to some runs. Each such token has sessions of its own, so that what is active in them is
/// always a run that it may use, and it changes nothing in those of others.
extension SessionName {
    private static let mark = "token@"

    /// Nil if the name becomes too long.
    init?(_ name: String, ofToken id: String) { self.init("\(Self.mark)\(id)@\(name)") }

    /// Whether it belongs to a token; no request may name it so.
    var isOfToken: Bool { description.hasPrefix(Self.mark) }

    /// The name that the request gave.
    var asSent: String {
        guard isOfToken else { return description }
        return String(description.dropFirst(Self.mark.count).drop { $0 != "@" }.dropFirst())
    }
}
