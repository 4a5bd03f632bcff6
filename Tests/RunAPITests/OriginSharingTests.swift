import Access
import JSON
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// `--allow-origin`: pages of another origin read, and change things with a token in `Authorization`.
@Suite struct OriginSharingTests {
    private static let origin = ("Origin", "https://dash.example.org")
    private static let foreign = ("Origin", "https://evil.example")
    private static let crossSite = ("Sec-Fetch-Site", "cross-site")

    private func make(tokens: Bool = true) throws -> APIFixture {
        try .make(
            tokens: tokens ? [.init(name: "writer", right: .write)] : [],
            origins: ["https://dash.example.org", "http://localhost:3000"])
    }

    @Test func readsAreShared() throws {
        let api = try make()
        for (method, target, status) in [
            ("GET", "/runs", 200), ("HEAD", "/runs", 200), ("GET", "/health", 200), ("GET", "/runs/none", 404),
            ("GET", "/nowhere", 404),
        ] {
            let token = try #require(api.tokens["writer"])
            let client = try api.client()
            try client.write(
                HTTPClient.request(
                    method, target, headers: [Self.origin, Self.crossSite, ("Authorization", "Bearer \(token)")]))
            let reply = try client.read(hasBody: method != "HEAD")
            #expect(reply.status == status, "\(target)")
            #expect(reply.headers["access-control-allow-origin"] == "https://dash.example.org")
            let exposed = reply.headers["access-control-expose-headers"] ?? ""
            #expect(exposed.contains("ETag") && exposed.contains("Request-Id"))
            #expect(reply.headers["access-control-allow-credentials"] == nil)
        }
        // Which token is missing can be read, too.
        let none = try api.send("GET", "/runs", headers: [Self.origin])
        #expect(none.status == 401 && none.headers["access-control-allow-origin"] == "https://dash.example.org")
    }

    @Test func cachesAreToldThatTheOriginMatters() throws {
        let api = try make(tokens: false)
        for headers in [[], [Self.origin], [Self.foreign]] {
            let client = try api.client()
            try client.write(HTTPClient.request("GET", "/health", headers: headers + [("Connection", "close")]))
            let text = try String(decoding: client.readToEnd(), as: UTF8.self)
            #expect(text.contains("\r\nVary: Origin\r\n"), "\(text)")
        }
        let other = try APIFixture.make()
        #expect(try other.send("GET", "/health", headers: [Self.origin]).headers["vary"]?.contains("Origin") != true)
    }

    @Test(arguments: [
        "https://evil.example", "http://dash.example.org", "https://dash.example.org:8443",
        "https://dash.example.org.evil.example",
        "null", "https://sub.dash.example.org", "",
    ])
    func otherOriginsAreToldNothing(origin: String) throws {
        let api = try make(tokens: false)
        let reply = try api.send("GET", "/runs", headers: [("Origin", origin)])
        #expect(reply.status == 200 && reply.headers["access-control-allow-origin"] == nil)
        let change = try api.send("PUT", "/runs/a", headers: [("Origin", origin)])
        #expect(change.status == 403 && !change.headers.keys.contains { $0.hasPrefix("access-control") })
    }

    @Test func preflightSaysWhatMayBeSent() throws {
        let api = try make()
        let asked = [("Access-Control-Request-Method", "PATCH"), ("Access-Control-Request-Headers", "authorization")]
        let reply = try api.send("OPTIONS", "/runs/a/metadata/flags", headers: [Self.origin] + asked)
        #expect(reply.status == 204)
        #expect(reply.headers["access-control-allow-origin"] == "https://dash.example.org")
        #expect(reply.headers["access-control-allow-methods"]?.contains("PATCH") == true)
        #expect(reply.headers["access-control-allow-headers"]?.contains("Authorization") == true)
        #expect(reply.headers["access-control-max-age"] == "600")
        let other = try api.send("OPTIONS", "/runs/a/metadata/flags", headers: [Self.foreign] + asked)
        #expect(!other.headers.keys.contains { $0.hasPrefix("access-control") })
    }

    @Test func changesNeedATokenInTheHeader() throws {
        let api = try make()
        let token = try #require(api.tokens["writer"])
        #expect(try api.send("PUT", "/runs/a", headers: [Self.origin, Self.crossSite]).slug == "foreign-origin")
        let cookie = ("Cookie", "rundir_token=\(token)")
        #expect(try api.send("PUT", "/runs/a", headers: [Self.origin, cookie]).slug == "foreign-origin")
        #expect(
            try api.send("PUT", "/runs/a", headers: [Self.origin, ("Authorization", "Bearer rd_no")]).status == 401)
        #expect(try api.send(as: "writer", "PUT", "/runs/a", headers: [Self.foreign]).slug == "foreign-origin")
        let taken = try api.send(as: "writer", "PUT", "/runs/a", headers: [Self.origin, Self.crossSite])
        #expect(taken.status == 201)
        #expect(taken.headers["access-control-allow-origin"] == "https://dash.example.org")
    }

    /// Without tokens, nobody could tell such a page from its user.
    @Test func serverWithoutTokensLetsItReadOnly() throws {
        let api = try make(tokens: false)
        #expect(try api.send("GET", "/runs", headers: [Self.origin]).status == 200)
        for headers in [[Self.origin], [Self.origin, ("Authorization", "Bearer rd_any")]] {
            #expect(try api.send("PUT", "/runs/a", headers: headers).slug == "foreign-origin")
        }
    }

    /// What a form or a plain request of another site may be.
    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
    func simpleRequestsOfOtherSitesChangeNothing(type: String) throws {
        let api = try APIFixture.make()
        for headers in [[Self.foreign], [Self.crossSite], [Self.foreign, Self.crossSite], [("Origin", "null")]] {
            for target in ["/runs", "/runs/a/metadata/flags", "/runs/a/metadata/metrics", "/runs/purge"] {
                let reply = try api.send("POST", target, type: type, headers: headers, #"{"lr": 1}"#)
                #expect(reply.status == 403 && reply.slug == "foreign-origin", "\(target): \(reply.text)")
            }
        }
        #expect(try api.send("GET", "/runs/a").status == 404)
    }

    @Test func repliesSayHowABrowserMayTreatThem() throws {
        let api = try APIFixture.make()
        try api.send("PUT", "/runs/a")
        try api.send("PUT", "/runs/a/files/page.html", "<script>alert(1)</script>")
        for target in [
            "/", "/runs", "/runs/a", "/health", "/problems", "/openapi.yaml", "/nowhere", "/runs/a/files/page.html",
            "/metrics",
            "/columns",
        ] {
            #expect(try api.send("GET", target).headers["x-content-type-options"] == "nosniff", "\(target)")
        }
        for target in ["/", "/problems/busy", "/runs/a/files/page.html"] {
            let reply = try api.send("GET", target, headers: [("Accept", "text/html")])
            #expect(reply.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true, "\(target)")
            #expect(reply.headers["referrer-policy"] == "no-referrer", "\(target)")
        }
        let file = try api.send("GET", "/runs/a/files/page.html")
        #expect(file.headers["content-security-policy"]?.hasPrefix("sandbox") == true)
        #expect(file.headers["content-disposition"]?.hasPrefix("attachment") == true)
    }
}
