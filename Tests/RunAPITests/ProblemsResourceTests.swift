import Foundation
import JSON
import TestSupport
import Testing
import Yams

@testable import RunAPI

/// `/problems`, `/version` and `/openapi.json`.
@Suite struct ProblemsResourceTests {
    private let api: APIFixture

    init() throws { api = try .make() }

    private func get(_ target: String, accept: String?) throws -> HTTPClient.Reply {
        try api.send("GET", target, headers: accept.map { [("Accept", $0)] } ?? [])
    }

    private static let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

    @Test(arguments: ProblemType.all.map(\.slug))
    func everyTypeHasAPage(slug: String) throws {
        let type = try #require(ProblemType.all.first { $0.slug == slug })
        let page = try get("/problems/\(slug)", accept: Self.browser)
        #expect(page.status == 200)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        #expect(page.text.contains("<h1>\(type.title)</h1>"))
        #expect(page.text.filter { $0 == "`" }.isEmpty, "a back quote without its second one")
        for accept in [nil, "*/*", "text/plain"] {
            let text = try get("/problems/\(slug)", accept: accept)
            #expect(text.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(text.text == "\(type.title) (\(type.status))\n\n\(type.meaning)\n\nWhat to do: \(type.cure)\n")
        }
        let json = try get("/problems/\(slug)", accept: "application/json").json
        #expect(json["type"]?.string == "/problems/\(slug)")
        #expect(json["status"]?.number?.int == type.status)
        #expect(json["meaning"]?.string == type.meaning && json["cure"]?.string == type.cure)
        #expect(type.meaning.hasSuffix(".") && type.cure.count > 10)
        for accept in [Self.browser, "*/*"] {
            #expect(try get("/problems", accept: accept).text.contains(slug))
        }
    }

    @Test func typeOfAnErrorLeadsToItsPage() throws {
        let problem = try api.send("GET", "/runs/none").json
        let target = try #require(problem["type"]?.string)
        #expect(try get(target, accept: nil).text.hasPrefix("Unknown run (404)\n"))
    }

    @Test(arguments: [
        ("text/html;q=0.5, text/plain", "text/plain"), ("application/json, text/html;q=0.9", "application/json"),
        ("text/html;q=0", "text/plain"), ("application/problem+json", "application/json"), ("image/png", "text/plain"),
    ])
    func formIsWhatTheClientWouldHave(accept: String, type: String) throws {
        let reply = try get("/problems/busy", accept: accept)
        #expect(reply.headers["content-type"]?.hasPrefix(type) == true)
        #expect(reply.headers["vary"] == "Accept, Accept-Encoding")
    }

    @Test(arguments: [
        BadRequest("GET", "/problems/nothing", 404, "unknown-path", "GET /problems"),
        BadRequest("GET", "/problems/a/b", 404, "unknown-path"),
        BadRequest("GET", "/problems/busy?x=1", 400, "invalid-query"),
        BadRequest("GET", "/problems/busy%2Fx", 400, "invalid-path"),
    ])
    func otherNamesHaveNone(request: BadRequest) throws { try request.check(api) }

    @Test func versionIsThatOfTheDescription() throws {
        let reply = try api.send("GET", "/version")
        let version = OpenAPIDocument.json(try OpenAPIDocument().root["info"]!["version"]!)
        #expect(reply.status == 200)
        #expect(try reply.json["name"] == "rundir")
        #expect(try reply.json["version"].map { JSONWriter.compact($0) } == Array(version.utf8))
        #expect(try reply.json["libmicrohttpd"]?.string?.isEmpty == false)
    }

    /// By Foundation's reader and the tests' own of YAML.
    @Test func openAPIDocumentIsTheSameAsJSON() throws {
        let reply = try api.send("GET", "/openapi.json")
        #expect(reply.headers["content-type"] == "application/json")
        let served = try JSONSerialization.jsonObject(with: Data(reply.body)) as? NSDictionary
        let root = OpenAPIDocument.json(try OpenAPIDocument().root)
        let expected = try JSONSerialization.jsonObject(with: Data(root.utf8)) as? NSDictionary
        #expect(served != nil && served == expected)
        let json = try reply.json
        #expect(json["openapi"] == "3.1.0")
        #expect(json["paths"]?["/runs/{id}"]?["get"]?["operationId"] == "readRun")
        #expect(json["components"]?["schemas"]?["Problem"]?["properties"]?["status"]?["minimum"] == 400)
    }
}
