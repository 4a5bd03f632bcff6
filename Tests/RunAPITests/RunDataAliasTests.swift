import JSON
import TestSupport
import Testing

/// `POST /runs/{id}/data/{type}`, the deprecated alias.
@Suite struct RunDataAliasTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/x")
    }

    @Test func aliasWritesTheCustomTypeAndSaysWhatToUse() throws {
        let reply = try api.send("POST", "/runs/x/data/notes", type: "application/json", #"{"label":7}"#)
        #expect(reply.status == 201)
        #expect(reply.headers["deprecation"] == "@1795478400")
        #expect(reply.headers["link"] == "</runs/x/metadata/customnotes>; rel=\"successor-version\"")
        #expect(api.file("notes.json", of: "x") == #"{"label":7}"#)
        #expect(try api.send("GET", "/runs/x/metadata/customnotes").text == #"{"label":7}"#)
    }

    @Test func aliasOfTheActiveRunNamesIt() throws {
        let reply = try api.send("POST", "/runs/active/data/notes", "label=7")
        #expect(reply.status == 201)
        #expect(reply.headers["link"] == "</runs/active/metadata/customnotes>; rel=\"successor-version\"")
        #expect(api.file("notes.json", of: "x") == #"{"label":7}"#)
    }

    @Test func aliasOfAPendingRunIsKeptAsTheOtherPathKeepsIt() throws {
        let reply = try api.send("POST", "/runs/p/data/notes", "label=7")
        #expect(reply.status == 202)
        #expect(reply.headers["deprecation"] == "@1795478400")
        #expect(try reply.json["status"]?.string == "pending")
    }

    @Test(
        arguments: [
            BadRequest("POST", "/runs/x/data/images", "a=1", 404, "unknown-type", "\"customimages\""),
            BadRequest("POST", "/runs/x/data/Notes", "a=1", 400, "invalid-name"),
            BadRequest("POST", "/runs/x/data/flags", "a=1", 404, "unknown-type", "\"customflags\""),
            BadRequest("GET", "/runs/x/data/notes", 405, "method-not-allowed", "POST"),
        ])
    func otherRequestsAreRefused(request: BadRequest) throws { try request.check(api) }
}
