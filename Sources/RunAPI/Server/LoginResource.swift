internal import Access
internal import HTTPServer
internal import JSON
internal import LocalFiles

/// `/login` and `/logout`: the web page keeps a token in a cookie, which its scripts cannot read.
extension RunAPI {
    static let loginRoutes: [Route] = [
        Route("readLogin", .get, "/login", .none, on: .polling, reply: RunAPI.readLogin),
        Route("logIn", .post, "/login", .none, on: .polling, reply: RunAPI.logIn),
        Route("logOut", .post, "/logout", .none, on: .polling, reply: RunAPI.logOut),
    ]

    /// What the sender may do, and by which token.
    func readLogin(_ request: RunRequest) -> HTTPResponse {
        Self.login(request.grant)
    }

    /// Takes the token in `Authorization`, and replies with a cookie that keeps it.
    func logIn(_ request: RunRequest) throws -> HTTPResponse {
        let exchange = request.exchange
        guard let sent = Credential.sentToken(exchange) else {
            if request.grant.right > .read { return Self.login(request.grant) }
            throw AccessRefusal.noToken
        }
        guard let token = request.grant.token else {
            // If no token is needed, none is kept.
            if request.grant.right == .admin { return Self.login(request.grant) }
            throw AccessRefusal.unknownToken
        }
        var response = Self.login(request.grant)
        response.headers.append(TokenCookie.keeping(sent, until: token.expires, now: wallClock(), for: exchange))
        return response
    }

    /// Removes the cookie.
    func logOut(_ request: RunRequest) -> HTTPResponse {
        HTTPResponse(
            status: 204, headers: [TokenCookie.removing(for: request.exchange), ("Cache-Control", "no-store")])
    }

    private static func login(_ grant: Grant) -> HTTPResponse {
        var body: JSONObject = ["right": .string(grant.right.rawValue)]
        body["token"] = grant.token.map { .object($0.described) } ?? .null
        return .json(200, .object(body), headers: [("Cache-Control", "no-store"), ("Vary", "Authorization, Cookie")])
    }
}
