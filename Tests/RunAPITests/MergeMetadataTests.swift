import JSON
import TestSupport
import Testing

/// `PATCH /runs/{id}/metadata/{type}`.
@Suite struct MergeMetadataTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    @Test(arguments: ["application/merge-patch+json", "application/json", "application/x-www-form-urlencoded", ""])
    func flagsAreMerged(type: String) throws {
        try api.send("POST", "/runs/a/metadata/flags", #"{"lr":0.1,"dropout":0.5,"opt":{"name":"adam","b":1}}"#)
        let patch = #"{"lr":0.01,"dropout":null,"opt":{"b":null},"new":true}"#
        let reply = try api.send("PATCH", "/runs/a/metadata/flags", type: type.isEmpty ? nil : type, patch)
        let merged = "{\n  \"lr\": 0.01,\n  \"opt\": {\n    \"name\": \"adam\"\n  },\n  \"new\": true\n}\n"
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/json")
        #expect(reply.text == merged)
        #expect(api.file("flags.json", of: "a") == merged)
    }

    @Test func evaluationAndPropertiesAreMergedToo() throws {
        try api.send("POST", "/runs/a/metadata/evaluation", "acc=0.5&loss=1")
        let evaluation = try api.send("PATCH", "/runs/a/metadata/evaluation", type: "application/json", #"{"acc":NaN}"#)
        #expect(evaluation.text == "{\n  \"acc\": \"NaN\",\n  \"loss\": 1\n}\n")

        try api.send("POST", "/runs/a/metadata/properties", "note=x&n=1")
        let properties = try api.send(
            "PATCH", "/runs/a/metadata/properties", type: "application/json", #"{"note":null,"n":2}"#)
        #expect(properties.status == 200)
        #expect(try properties.json["n"]?.string == "2")
        #expect(try properties.json["note"] == nil)
        #expect(try properties.json["type"]?.string == "training", "the whole document")
        #expect(api.file("properties/note", of: "a") == nil)
    }

    @Test func patchOfNothingMakesTheDocument() throws {
        let reply = try api.send("PATCH", "/runs/a/metadata/flags", type: "application/json", #"{"lr":1,"x":null}"#)
        #expect(reply.status == 200)
        #expect(reply.text == "{\n  \"lr\": 1\n}\n")
    }

    @Test func patchOfAPendingRunIsKept() throws {
        let reply = try api.send("PATCH", "/runs/p/metadata/flags", type: "application/json", #"{"lr":1}"#)
        #expect(reply.status == 202)
        #expect(try reply.json["status"]?.string == "pending")
        #expect(try api.send("PATCH", "/runs/p/metadata/flags", type: "application/json", #"{"b":2}"#).status == 202)
        #expect(try api.send("PUT", "/runs/p").status == 201)
        #expect(api.file("flags.json", of: "p") == "{\n  \"lr\": 1,\n  \"b\": 2\n}\n")
    }

    @Test(arguments: ["metrics", "error", "source", "customnotes"])
    func otherTypesCannotBeMerged(type: String) throws {
        let reply = try BadRequest(
            "PATCH", "/runs/a/metadata/\(type)", type: "application/json", "{}", 405, "method-not-allowed", type
        ).check(api)
        #expect(reply.headers["allow"] == "GET, HEAD, POST, DELETE, OPTIONS")
    }

    @Test func theMethodComesBeforeAnUnknownParameter() throws {
        try BadRequest("PATCH", "/runs/a/metadata/metrics?replace=true", "{}", 405, "method-not-allowed").check(api)
        try BadRequest("PATCH", "/runs/a/metadata/nothing?replace=true", "{}", 404, "unknown-type").check(api)
        try BadRequest("PATCH", "/runs/a/metadata/flags?replace=true", "{}", 400, "invalid-query").check(api)
    }

    @Test(
        arguments: [
            BadRequest("PATCH", "/runs/a/metadata/flags", type: "text/csv", "a", 415, "unsupported-media-type"),
            BadRequest("PATCH", "/runs/a/metadata/flags", type: "application/json", "[]", 422, "invalid-content"),
            BadRequest("PATCH", "/runs/a/metadata/flags", type: "application/json", "{", 400, "invalid-json"),
            BadRequest(
                "PATCH", "/runs/a/metadata/evaluation", type: "application/json", #"{"a":"x"}"#, 422, "invalid-content"),
            BadRequest(
                "PATCH", "/runs/a/metadata/properties", type: "application/json", #"{"a/b":1}"#, 400, "invalid-name"),
            BadRequest("PATCH", "/runs/a/metadata/flags", type: "application/json", #"{"":1}"#, 422, "invalid-content"),
        ])
    func badPatchIsRefused(request: BadRequest) throws { try request.check(api) }

    @Test func documentThatIsNoObjectCannotBeMerged() throws {
        api.folder.write("runs/a/tfruns.d/flags.json", "[1]")
        try BadRequest(
            "PATCH", "/runs/a/metadata/flags", type: "application/json", #"{"a":1}"#, 409, "unreadable",
            "write it whole"
        ).check(api)
    }
}
