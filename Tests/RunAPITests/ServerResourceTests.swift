import Foundation
import JSON
import TestSupport
import Testing

/// `/types`, `/health`, `/ready`, `/openapi.yaml`.
@Suite struct ServerResourceTests {
    private let api: APIFixture

    init() throws { api = try .make(maxBody: 1234, maxUpload: 56_789) }

    @Test(arguments: [("/health", "ok"), ("/ready", "ready")])
    func serverSaysHowItDoes(target: String, status: String) throws {
        let reply = try api.send("GET", target)
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/json")
        #expect(try reply.json == ["status": .string(status)])
        let head = try api.client().send("HEAD", target)
        #expect(head.status == 200 && head.headers["content-length"] == "\(reply.body.count)")
    }

    @Test func typesAreListedWithWhatTheyTake() throws {
        let reply = try api.send("GET", "/types")
        #expect(reply.status == 200)
        let types = try #require(reply.json["types"]?.array)
        #expect(
            types.compactMap { $0["type"]?.string }
                == ["flags", "properties", "metrics", "evaluation", "error", "source", "customnotes"])
        #expect(
            types[0]["accepts"] == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
        #expect(types[0]["methods"] == ["GET", "POST", "PATCH"])
        #expect(types[0]["limit"] == 1234)
        #expect(types[2]["methods"] == ["GET", "POST"])
        #expect(types[5]["limit"] == 56_789)
        #expect(types[5]["accepts"]?.array?.first == "application/gzip")
        #expect(types.allSatisfy { $0["description"]?.string?.isEmpty == false })
    }

    @Test func openAPIDocumentIsServedAsItStandsAtTheTopLevel() throws {
        let reply = try api.send("GET", "/openapi.yaml")
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/yaml")
        #expect(reply.text == (try OpenAPIDocument.text()))
    }
}
