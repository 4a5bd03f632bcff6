/// Why a request is refused before a handler sees it. Each interface reports it in its own format.
package enum AccessRefusal: Error, Equatable {
    /// `Host` is missing, repeated or malformed: 400.
    case invalidHost(reason: String)
    /// `Host` is another server's: 421.
    case misdirected(host: String)
    /// A browser sends a change from a page of another site: 403.
    case foreignOrigin(reason: String)
    /// A token is needed, and none was sent: 401.
    case noToken
    /// The token is unknown, revoked or expired: 401.
    case unknownToken
    /// The token's right does not suffice: 403.
    case lacksRight(needed: Right, has: Right)
    /// The token is limited to other runs: 403.
    case outOfScope(run: String, scope: String)
    /// The token is limited to some runs, but the server would make the run's id: 403.
    case madeID(scope: String)
    /// The token is limited to some runs, but the request is about all: 403.
    case allRuns(scope: String)
    /// The sender has reached its number of requests a second: 429.
    case tooManyRequests(limit: Int, isOfToken: Bool)

    package var status: Int {
        switch self {
        case .invalidHost: 400
        case .misdirected: 421
        case .noToken, .unknownToken: 401
        case .foreignOrigin, .lacksRight, .outOfScope, .madeID, .allRuns: 403
        case .tooManyRequests: 429
        }
    }

    /// A header field of the reply that says how to authenticate (RFC 9110 section 11.6.1, RFC 6750 section 3).
    package var challenge: (name: String, value: String)? {
        let realm = "Bearer realm=\"rundir\""
        switch self {
        case .noToken: return ("WWW-Authenticate", realm)
        case .unknownToken: return ("WWW-Authenticate", realm + ", error=\"invalid_token\"")
        case .lacksRight, .outOfScope, .madeID, .allRuns:
            return ("WWW-Authenticate", realm + ", error=\"insufficient_scope\"")
        default: return nil
        }
    }
}
