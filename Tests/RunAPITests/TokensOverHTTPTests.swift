import Access
import JSON
import LocalFiles
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// How a token is sent, when it counts, and what a server without tokens does.
@Suite struct TokensOverHTTPTests {
    private static let all: [APIFixture.TokenSettings] = [
        .init(name: "reader", right: .read), .init(name: "writer", right: .write), .init(name: "owner", right: .admin),
    ]

    private func basic(_ pair: String) -> (String, String) {
        ("Authorization", "Basic \(Base64.encode(Array(pair.utf8)))")
    }

    @Test func bearerAndBasicAreTaken() throws {
        let api = try APIFixture.make(tokens: Self.all)
        let token = try #require(api.tokens["writer"])
        for header in [
            ("Authorization", "Bearer \(token)"), ("authorization", "bearer \(token)"), basic("anna:\(token)"),
            basic(":\(token)"),
            basic("\(token):"),
        ] {
            #expect(try api.send("GET", "/runs", headers: [header]).status == 200, "\(header)")
        }
    }

    @Test func tokenThatAsksTooOftenWaitsAndOthersDoNot() throws {
        var limits = RequestRates.Limits()
        limits.perToken = 1
        let api = try APIFixture.make(tokens: Self.all, rates: limits)
        let headers = try Self.all.map { ("Authorization", "Bearer \(try #require(api.tokens[$0.name]))") }
        let replies = try (0..<50).map { _ in try api.send("GET", "/runs", headers: [headers[0]]) }
        #expect(replies[0].status == 200)
        let refused = try #require(replies.first { $0.status != 200 })
        #expect(refused.status == 429)
        #expect(refused.headers["retry-after"] == "1")
        #expect(refused.slug == "too-many-requests")
        #expect(try api.send("GET", "/runs", headers: [headers[1]]).status == 200)
        #expect(try api.send("GET", "/health", headers: [headers[0]]).status == 200)
    }

    /// Two requests of one connection, by turns of different senders.
    @Test func eachRequestOfAConnectionIsAsked() throws {
        let api = try APIFixture.make(tokens: Self.all)
        let client = try api.client()
        func status(_ token: String?) throws -> Int {
            let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
            return try client.send(
                "POST", "/runs/a/metadata/metrics", type: "application/json", headers: headers, text: #"{"step": 1}"#
            ).status
        }
        for _ in 0..<3 {
            #expect(try status(api.tokens["writer"]) == 202)
            #expect(try status(nil) == 401)
            #expect(try status(api.tokens["reader"]) == 403)
            #expect(try status("rd_wrong") == 401)
        }
    }

    @Test func revokedTokenCountsNoMoreAndNewOneDoes() throws {
        let api = try APIFixture.make(tokens: Self.all)
        let file = TokenFile(runs: "\(api.folder.path)/runs")
        #expect(try api.send(as: "writer", "GET", "/runs").status == 200)
        let secret = try TokenSecret.make()
        try file.change { tokens in
            tokens.removeAll { $0.name == "writer" }
            tokens.append(Token(secret, name: "new", right: .read, scope: .all, created: 0, expires: nil))
        }
        api.control.refresh()
        #expect(try api.send(as: "writer", "GET", "/runs").status == 401)
        #expect(try api.send("GET", "/runs", headers: [("Authorization", "Bearer \(secret.text)")]).status == 200)
        #expect(try api.send(as: "reader", "GET", "/runs").status == 200)
        // With the last one gone, one is needed all the same.
        try file.change { $0.removeAll() }
        api.control.refresh()
        #expect(try api.send(as: "reader", "GET", "/runs").status == 401)
        #expect(try api.send("GET", "/runs").status == 401)
    }

    @Test func damagedFileChangesNothing() throws {
        let api = try APIFixture.make(tokens: Self.all)
        api.folder.write("runs/.rundir/tokens", "{")
        api.control.refresh()
        #expect(try api.send(as: "writer", "GET", "/runs").status == 200)
        #expect(try api.send("GET", "/runs").status == 401)
    }

    @Test func streamOfEventsEndsWithItsToken() throws {
        let api = try APIFixture.make(tokens: Self.all)
        let token = try #require(api.tokens["reader"])
        let client = try api.client()
        try client.write(HTTPClient.request("GET", "/events", headers: [("Authorization", "Bearer \(token)")]))
        #expect(try client.read(hasBody: false).status == 200)
        try TokenFile(runs: "\(api.folder.path)/runs").change { $0.removeAll { $0.name == "reader" } }
        api.control.refresh()
        try api.send(as: "owner", "PUT", "/runs/secret")
        let rest = try String(decoding: client.readToEnd(), as: UTF8.self)
        #expect(!rest.contains("secret"))
    }

    @Test func serverWithoutTokensAsksForNone() throws {
        let api = try APIFixture.make()
        #expect(try api.send("PUT", "/runs/a").status == 201)
        #expect(try api.send("PUT", "/runs/a", headers: [("Authorization", "Bearer rd_any")]).status == 200)
        #expect(try api.send("GET", "/login").json == ["right": "admin", "token": nil])
        // The first token counts at once.
        try TokenFile(runs: "\(api.folder.path)/runs").change {
            $0.append(Token(try TokenSecret.make(), name: "first", right: .read, scope: .all, created: 0, expires: nil))
        }
        api.control.refresh()
        #expect(try api.send("PUT", "/runs/b").status == 401)
    }

    @Test func publicReadIsForReadingOnly() throws {
        var settings = AccessControl.Settings()
        settings.readsArePublic = true
        let api = try APIFixture.make(tokens: Self.all, access: settings)
        #expect(try api.send("GET", "/runs").status == 200)
        #expect(try api.send("PUT", "/runs/a").slug == "token-needed")
        #expect(try api.send(as: "writer", "PUT", "/runs/a").status == 201)
        #expect(try api.send("GET", "/runs", headers: [("Authorization", "Bearer rd_wrong")]).status == 401)
        #expect(try api.send("GET", "/login").json["right"] == "read")
    }

    @Test func neededTokensAreNeededWithoutAny() throws {
        var settings = AccessControl.Settings()
        settings.needsTokens = true
        let api = try APIFixture.make(access: settings)
        #expect(try api.send("GET", "/runs").status == 401)
        #expect(try api.send("GET", "/health").status == 200)
    }

    @Test func nothingIsAskedWhereAccessIsOff() throws {
        var settings = AccessControl.Settings()
        settings.isOff = true
        let api = try APIFixture.make(tokens: Self.all, access: settings)
        #expect(try api.send("PUT", "/runs/a").status == 201)
        #expect(
            try api.send("DELETE", "/runs/a?force=true", headers: [("Authorization", "Bearer rd_wrong")]).status == 204)
    }

    // MARK: The page's cookie

    private static let own = ("Origin", "http://localhost:7117")

    /// Sends a request as a browser does for a page of the server.
    private func browse(
        _ api: APIFixture, _ method: String, _ target: String, cookie: String? = nil, _ headers: [(String, String)] = []
    ) throws -> HTTPClient.Reply {
        let client = try api.client()
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost:7117\r\nContent-Length: 0\r\n"
        if let cookie { head += "Cookie: theme=dark; \(cookie)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        try client.write(Array((head + "\r\n").utf8))
        return try client.read()
    }

    private func logIn(_ api: APIFixture, _ name: String, _ headers: [(String, String)] = []) throws -> String {
        let token = try #require(api.tokens[name])
        let reply = try browse(api, "POST", "/login", [Self.own, ("Authorization", "Bearer \(token)")] + headers)
        #expect(reply.status == 200, "\(reply.text)")
        return try #require(reply.headers["set-cookie"])
    }

    @Test func loginKeepsTheTokenInACookieThatOnlyThePageSends() throws {
        let api = try APIFixture.make(
            tokens: Self.all + [.init(name: "short", right: .read, expires: wallClock() + 100)])
        let field = try logIn(api, "writer")
        let token = try #require(api.tokens["writer"])
        #expect(field == "rundir_token_7117=\(token); Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict")
        let age = try #require(try logIn(api, "short").firstMatch(of: /Max-Age=(\d+)/)).1
        #expect((90...100).contains(Int(age) ?? 0))
        // Behind a proxy with TLS, as the browser's Origin tells.
        let secure = try browse(
            api, "POST", "/login", [("Origin", "https://localhost:7117"), ("Authorization", "Bearer \(token)")])
        #expect(secure.headers["set-cookie"]?.hasSuffix("; Secure") == true)

        let cookie = String(field.prefix { $0 != ";" })
        #expect(try browse(api, "GET", "/runs", cookie: cookie).status == 200)
        #expect(try browse(api, "PUT", "/runs/a", cookie: cookie, [Self.own]).status == 201)
        #expect(try browse(api, "PUT", "/runs/a", cookie: cookie, [("Sec-Fetch-Site", "same-origin")]).status == 200)
        let known = try browse(api, "GET", "/login", cookie: cookie).json
        #expect(known["right"] == "write" && known["token"]?["name"] == "writer")
        let out = try browse(api, "POST", "/logout", cookie: cookie, [Self.own])
        #expect(out.status == 204)
        #expect(out.headers["set-cookie"] == "rundir_token_7117=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict")
    }

    /// The browser sends the cookie by itself: a change needs its word that a page of this server asks for it.
    @Test func cookieAloneChangesNothing() throws {
        let api = try APIFixture.make(tokens: Self.all)
        let cookie = String(try logIn(api, "owner").prefix { $0 != ";" })
        for headers in [
            [], [("Origin", "http://evil.example")], [("Sec-Fetch-Site", "cross-site")], [("Origin", "null")],
            [("Content-Type", "text/plain")],
        ] {
            let reply = try browse(api, "PUT", "/runs/a", cookie: cookie, headers)
            #expect(reply.status == 403 && reply.slug == "foreign-origin", "\(headers): \(reply.text)")
        }
        #expect(try api.send(as: "owner", "GET", "/runs").json["count"] == 0)
    }

    @Test func wrongTokenLogsNobodyInAndStaleCookieIsAsNone() throws {
        let api = try APIFixture.make(tokens: Self.all)
        for headers in [[Self.own], [Self.own, ("Authorization", "Bearer rd_wrong")]] {
            let reply = try browse(api, "POST", "/login", headers)
            #expect(reply.status == 401 && reply.headers["set-cookie"] == nil, "\(reply.text)")
        }
        for cookie in ["rundir_token_7117=rd_wrong", "rundir_token_7117=", "rundir_token=x"] {
            #expect(try browse(api, "GET", "/runs", cookie: cookie).slug == "token-needed")
        }
        // Of another port's server.
        let writer = try #require(api.tokens["writer"])
        #expect(try browse(api, "GET", "/runs", cookie: "rundir_token_7118=\(writer)").status == 401)
        #expect(try browse(api, "GET", "/login").json == ["right": "none", "token": nil])
    }

    @Test func loginOfAServerWithoutTokensKeepsNone() throws {
        let api = try APIFixture.make()
        let reply = try browse(api, "POST", "/login", [Self.own, ("Authorization", "Bearer rd_any")])
        #expect(reply.status == 200 && reply.headers["set-cookie"] == nil)
    }
}
