internal import Access

/// Problems from the checks before the handlers.
extension Problem {
    init(_ refusal: AccessRefusal) {
        switch refusal {
        case .invalidHost(let reason):
            self.init(
                400, "invalid-host", "Invalid Host",
                "\(reason); send one Host field with the server's name or address, such as localhost:7117")
            closes = true
        case .misdirected(let host):
            self.init(
                421, "misdirected-request", "Misdirected request",
                "\"\(host)\" is not a name or address of this machine; if it is a name of this server, allow it: "
                    + "rundir serve --allow-host \(host) (RUNDIR_ALLOW_HOST)")
            closes = true
        case .foreignOrigin(let reason):
            self.init(
                403, "foreign-origin", "Foreign origin",
                "\(reason), which is not this server: pages of other sites may change nothing here. A proxy in front of the server "
                    + "has to pass Host on unchanged")
        case .noToken:
            self.init(
                401, "token-needed", "Token needed",
                "this needs a token: send the header Authorization: Bearer rd_…, or the token as password (curl -u :rd_…). "
                    + "rundir token create makes one, on the server's machine")
        case .unknownToken:
            self.init(
                401, "unknown-token", "Unknown token",
                "the token in Authorization is unknown, revoked or expired; ask for another (rundir token create)")
        case .lacksRight(let needed, let has):
            self.init(
                403, "right-missing", "Right missing",
                "this needs the right to \(needed.rawValue), and the token has the right to \(has.rawValue); rundir token create "
                    + "--right \(needed.rawValue) makes one that has it")
        case .outOfScope(let run, let scope):
            self.init(
                403, "run-not-allowed", "Run not allowed",
                "the token is for the runs \(scope), and not for \"\(run)\"; use such a run, or a token without that limit"
            )
        case .madeID(let scope):
            self.init(
                403, "run-not-allowed", "Run not allowed",
                "the token is for the runs \(scope), and the server would make another id; choose one: PUT /runs/{id}")
        case .allRuns(let scope):
            self.init(
                403, "run-not-allowed", "Run not allowed",
                "this is about all runs, and the token is for the runs \(scope); use a token without that limit")
        case .tooManyRequests(let limit, let isOfToken):
            self.init(
                429, "too-many-requests", "Too many requests",
                isOfToken
                    ? "the token has made \(limit) requests within a second, which is its limit (--max-requests-per-token); send several "
                        + "rows in one request, or wait"
                    : "this address has made \(limit) requests within a second, which is its limit (--max-requests-per-address); send "
                        + "several rows in one request, or wait")
            headers = [("Retry-After", "1")]
        }
        if let challenge = refusal.challenge { headers = [challenge] }
    }
}
