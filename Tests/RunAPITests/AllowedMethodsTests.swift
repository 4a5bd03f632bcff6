import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI

/// `OPTIONS`, and `Allow` where a method is not allowed.
@Suite struct AllowedMethodsTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    private static let paths = [
        ("/runs", "GET, HEAD, POST, OPTIONS"), ("/runs/a", "GET, HEAD, PUT, DELETE, OPTIONS"),
        ("/runs/none", "GET, HEAD, PUT, DELETE, OPTIONS"), ("/runs/active", "GET, HEAD, DELETE, OPTIONS"),
        ("/runs/archive", "POST, OPTIONS"), ("/runs/restore", "GET, HEAD, POST, PUT, DELETE, OPTIONS"),
        ("/runs/a/complete", "POST, OPTIONS"), ("/runs/a/resume", "POST, OPTIONS"),
        ("/runs/a/metadata", "GET, HEAD, POST, OPTIONS"),
        ("/runs/a/metadata/flags", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
        ("/runs/active/metadata/flags", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"),
        ("/runs/a/metadata/source", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/runs/a/metadata/customnotes", "GET, HEAD, POST, DELETE, OPTIONS"), ("/runs/a/files", "GET, HEAD, OPTIONS"),
        ("/runs/a/files/x%2Fy.txt", "GET, HEAD, PUT, DELETE, OPTIONS"),
        ("/runs/a/files/tfruns.d/flags.json", "GET, HEAD, OPTIONS"), ("/health", "GET, HEAD, OPTIONS"),
        ("/problems/busy", "GET, HEAD, OPTIONS"),
    ]

    @Test(arguments: paths)
    func optionsTellsThem(target: String, allow: String) throws {
        let reply = try api.send("OPTIONS", target)
        #expect(reply.status == 204)
        #expect(reply.headers["allow"] == allow)
        #expect(reply.body.isEmpty)
        #expect(!reply.headers.keys.contains { $0.hasPrefix("access-control") })
    }

    @Test(arguments: paths)
    func everyOtherMethodIsRefusedWithTheSame(target: String, allow: String) throws {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] where !allow.contains(method) {
            // What is never a name, or never written, says so.
            if target == "/runs/archive" || target == "/runs/active" || target.contains("tfruns.d") { continue }
            let reply = try api.send(method, target, type: "application/json", method == "HEAD" ? "" : "{}")
            #expect(reply.status == 405, "\(method)")
            #expect(reply.headers["allow"] == allow, "\(method)")
        }
    }

    /// What `Allow` names is a method of the path: it is not refused as one.
    @Test(arguments: paths)
    func noMethodThatIsToldIsRefusedAsOne(target: String, allow: String) throws {
        for method in allow.split(separator: ", ") {
            let reply = try api.send(String(method), target, type: "application/json")
            #expect(reply.status != 405, "\(method)")
        }
    }

    @Test func everyRouteHasItsMethod() throws {
        for route in RunAPI.routes.all {
            let target = route.template.description.replacing("clients/{name}", with: "clients/rundir.py")
                .replacing("{id}", with: "a").replacing("{type}", with: "flags")
                .replacing("{path}", with: "x").replacing("{name}", with: "busy")
            let allow = try #require(try api.send("OPTIONS", target).headers["allow"]).split(separator: ", ")
            #expect(allow.contains { $0 == route.method.name }, "\(route.method.name) \(target)")
            #expect(allow.contains("HEAD") == allow.contains("GET"))
        }
    }

    @Test func optionsOfTheServerTellsAll() throws {
        let reply = try api.send("OPTIONS", "*")
        #expect(reply.status == 204)
        #expect(reply.headers["allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
    }

    @Test func bodyOfOptionsIsOfNoConcern() throws {
        let client = try api.client()
        #expect(try client.send("OPTIONS", "/runs", text: "abc").status == 204)
    }

    @Test(arguments: [
        BadRequest("OPTIONS", "/nothing", 404, "unknown-path"), BadRequest("OPTIONS", "/runs/.a", 400, "invalid-name"),
        BadRequest("OPTIONS", "/runs//a", 400, "invalid-path"),
        BadRequest("OPTIONS", "/runs/a%2Fb", 400, "invalid-path"),
    ])
    func whatIsNotThereHasNone(request: BadRequest) throws { try request.check(api) }

    /// A browser asks so before a page of another site may send more than a form: it is not told that it may.
    @Test func pageOfAnotherSiteIsGrantedNothing() throws {
        let reply = try api.send(
            "OPTIONS", "/runs/a/metadata/flags",
            headers: [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "PATCH")])
        #expect(!reply.headers.keys.contains { $0.hasPrefix("access-control") })
        #expect(try api.send("OPTIONS", "/runs", headers: [("Host", "evil.example")]).status == 400)
    }
}
