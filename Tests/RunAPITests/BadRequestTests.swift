import JSON
import TestSupport
import Testing

/// What bad requests get.
@Suite struct BadRequestTests {
    private let api: APIFixture

    init() throws {
        api = try .make(maxBody: 2000, maxUpload: 100_000)
        try api.send("PUT", "/runs/a")
    }

    @Test(
        arguments: [
            BadRequest("GET", "/nothing", 404, "unknown-path"), BadRequest("GET", "/runs/a/b/c/d", 404, "unknown-path"),
            BadRequest("GET", "/runs/nobody", 404, "unknown-run", "\"nobody\""),
            BadRequest("GET", "/runs/active", headers: ["Run-Session": "none"], 404, "unknown-run", "no run is active"),
            BadRequest("GET", "/runs/nobody/metadata", 404, "unknown-run"),
            BadRequest("GET", "/runs/nobody/metadata/flags", 404, "unknown-run"),
            BadRequest("POST", "/runs/nobody/complete", 404, "unknown-run"),
            BadRequest("GET", "/runs/a/metadata/flags", 404, "no-metadata", "has no flags yet"),
            BadRequest("GET", "/runs/a/metadata/metric", 404, "unknown-type", "\"metric\""),
            BadRequest("POST", "/runs/a/metadata/metric", "a=1", 404, "unknown-type", "flags, properties, metrics"),
        ])
    func whatIsNotThereIs404(request: BadRequest) throws { try request.check(api) }

    @Test(
        arguments: [
            ("/runs//metadata", "invalid-path"), ("/runs/", "invalid-path"), ("//", "invalid-path"),
            ("/runs/../x", "invalid-path"), ("/runs/.", "invalid-path"), ("/runs/%2e%2e", "invalid-path"),
            ("/runs/a%2Fb", "invalid-path"), ("/runs/a%5Cb", "invalid-path"), ("/runs/a%00b", "invalid-path"),
            ("/runs/a%2541", "invalid-path"), ("/runs/%zz", "invalid-path"), ("/runs/%", "invalid-path"),
            ("/runs/%ff", "invalid-path"), ("/runs/.hidden", "invalid-name"), ("/runs/a%20b", "invalid-name"),
            ("/runs/%C3%A4", "invalid-name"), ("/runs/archive", "invalid-name"),
            ("/runs/a/metadata/Flags", "invalid-name"),
            ("/runs/a/metadata/9", "invalid-name"), ("/runs?limit=0", "invalid-query"),
            ("/runs?limit=1001", "invalid-query"),
            ("/runs?limit=x", "invalid-query"), ("/runs?limit=", "invalid-query"), ("/runs?cursor=x", "invalid-query"),
            ("/runs?cursor=1~.x", "invalid-query"), ("/runs?nothing=1", "invalid-query"),
            ("/runs?limit=%zz", "invalid-query"),
            ("/runs?cursor=", "invalid-query"), ("/runs?cursor=1~a~b", "invalid-query"),
        ])
    func whatCannotBeReadIs400(target: String, slug: String) throws {
        try BadRequest("GET", target, 400, slug).check(api)
    }

    @Test(arguments: ["active", "archive", "-a", ".a", "_a", "a%20b", String(repeating: "a", count: 129)])
    func runOfSuchANameCannotBeInitialised(name: String) throws {
        try BadRequest("PUT", "/runs/\(name)", 400, "invalid-name", "a run id is 1 to 128").check(api)
    }

    @Test func longestNamesAreTaken() throws {
        #expect(try api.send("PUT", "/runs/\(String(repeating: "a", count: 128))").status == 201)
        #expect(
            try api.send("GET", "/runs/a", headers: [("Run-Session", String(repeating: "s", count: 128))]).status == 200
        )
        try BadRequest("GET", "/runs/a", headers: ["Run-Session": "no/session"], 400, "invalid-name", "Run-Session")
            .check(api)
    }

    @Test(
        arguments: [
            ("DELETE", "/runs", "POST, GET, HEAD, OPTIONS"), ("POST", "/runs/a", "GET, PUT, DELETE, HEAD, OPTIONS"),
            ("PUT", "/runs", "GET, POST, HEAD, OPTIONS"), ("GET", "/runs/a/complete", "POST, OPTIONS"),
            ("PUT", "/runs/a/metadata/flags", "POST, GET, PATCH, HEAD, DELETE, OPTIONS"),
            ("PUT", "/runs/a/metadata", "GET, HEAD, POST, OPTIONS"), ("GET", "/runs/a/data/notes", "POST, OPTIONS"),
            ("POST", "/health", "GET, HEAD, OPTIONS"),
        ])
    func otherMethodIs405WithAllow(method: String, target: String, allow: String) throws {
        let reply = try BadRequest(method, target, 405, "method-not-allowed").check(api)
        let sorted = { (list: String) in list.split(separator: ", ").sorted() }
        #expect(sorted(reply.headers["allow"] ?? "") == sorted(allow))
    }

    @Test(arguments: ["get", "Get", "BREW", "PROPFIND", "post"])
    func unknownMethodIs501(method: String) throws {
        try BadRequest(method, "/runs", 501, "unknown-method", "\"\(method)\"").check(api)
    }

    @Test(
        arguments: [
            BadRequest("POST", "/runs/a/metadata/flags", type: "application/json", "{", 400, "invalid-json"),
            BadRequest("POST", "/runs/a/metadata/flags", "%", 400, "invalid-form"),
            BadRequest("POST", "/runs/a/metadata/flags", "a=1&a=2", 400, "invalid-form", "\"a\" appears twice"),
            BadRequest("POST", "/runs/a/metadata/flags", "a=%ff", 400, "invalid-form"),
            BadRequest("POST", "/runs/a/metadata/flags", type: "application/json", "[]", 422, "invalid-content"),
            BadRequest("POST", "/runs/a/metadata/flags", " \n", 400, "empty-body"),
            BadRequest("POST", "/runs/a/metadata/flags", headers: ["Content-Length": "0"], 400, "empty-body"),
            BadRequest("POST", "/runs/a/metadata/properties", "a/b=1", 400, "invalid-name"),
            BadRequest(
                "POST", "/runs/a/metadata/flags", type: "text/csv", "a", 415, "unsupported-media-type",
                "application/json"),
            BadRequest(
                "POST", "/runs/a/metadata/flags", headers: ["Content-Encoding": "br"], "a=1", 415,
                "unsupported-media-type", "\"br\""),
            BadRequest(
                "POST", "/runs/a/metadata/flags", headers: ["Content-Encoding": "gzip"], "a=1", 400, "invalid-gzip"),
            BadRequest("POST", "/runs/a/metadata/flags", type: "multipart/form-data", "a", 400, "invalid-form"),
            BadRequest(
                "POST", "/runs/a/metadata/flags", type: "multipart/form-data; boundary=BB", "garbage", 400,
                "invalid-form"),
            BadRequest(
                "POST", "/runs/a/metadata/source", type: "multipart/form-data; boundary=BB", "garbage", 400,
                "invalid-form"),
            BadRequest("POST", "/runs/a/metadata/source", type: "multipart/form-data", "a", 400, "invalid-form"),
            BadRequest(
                "POST", "/runs/a/metadata/source", type: "application/gzip", "no archive", 422, "invalid-content",
                "not a valid tar"),
            BadRequest(
                "POST", "/runs/a/metadata/source", #"{"directory":"/etc"}"#, 403, "directory-forbidden", "--source-root"
            ),
            BadRequest("POST", "/runs/a/metadata/source", #"{"directory":7}"#, 422, "invalid-content"),
            BadRequest(
                "POST", "/runs/a/metadata/metrics", type: "text/csv", "a\nx\n", 422, "invalid-content", "metrics row 1"),
            BadRequest("PUT", "/runs/n", #"{"flags":[]}"#, 422, "invalid-content", "\"flags\" is not an object"),
            BadRequest("PUT", "/runs/n", #"{"script":7}"#, 422, "invalid-content", "\"script\" is not a text"),
            BadRequest("PUT", "/runs/n", "colour=red", 422, "invalid-content", "\"colour\" is unknown"),
            BadRequest("PUT", "/runs/n", type: "application/json", "[]", 422, "invalid-content"),
            BadRequest("PUT", "/runs/n", type: "text/csv", "a", 415, "unsupported-media-type"),
        ])
    func badBodyIsRefusedAndNothingIsStored(request: BadRequest) throws {
        try request.check(api)
        #expect(api.file("flags.json", of: "a") == nil && api.file("source.tar.gz", of: "a") == nil)
        #expect(!api.folder.exists("runs/n"))
    }

    @Test func placeOfAFaultIsTold() throws {
        let syntax = try api.send("POST", "/runs/a/metadata/flags", type: "application/json", #"{"a":1,}"#).json
        #expect(syntax["offset"]?.number?.int == 6)
        let shape = try api.send("POST", "/runs/a/metadata/metrics", type: "application/json", #"[{"a":1},{"a":"x"}]"#)
            .json
        #expect(shape["pointer"]?.string == "/1/a")
        let type = try api.send("POST", "/runs/a/metadata/nothing", "a=1").json
        #expect(
            type["allowed"]?.array?.first?.string == "flags" && type["allowed"]?.array?.last?.string == "customnotes")
        let form = try api.send("POST", "/runs/a/metadata/error", type: "text/csv", "a").json
        #expect(
            form["allowed"]?.array?.compactMap(\.string) == [
                "application/json", "application/x-www-form-urlencoded", "multipart/form-data",
            ])
    }

    @Test(arguments: ["/runs/a/metadata/flags", "/runs/a/data/notes", "/runs/a/metadata/source"])
    func writeWithoutABodyIs411(target: String) throws {
        let reply = try BadRequest("POST", target, 411, "length-required", "Content-Length").check(api)
        #expect(reply.status == 411)
    }

    @Test func bodyOverTheLimitIs413AndCloses() throws {
        for target in ["/runs/a/metadata/flags", "/runs/a/metadata/properties", "/runs/b"] {
            let client = try api.client()
            let reply = try client.send(
                target == "/runs/b" ? "PUT" : "POST", target, text: String(repeating: "a", count: 2001))
            #expect(reply.status == 413)
            #expect(reply.slug == "content-too-large")
            #expect(reply.headers["connection"] == "close")
            #expect(client.isClosed())
        }
        #expect(
            try api.send("POST", "/runs/a/metadata/flags", "a=" + String(repeating: "a", count: 1998)).status == 201)
        let upload = try api.client()
            .send(
                "POST", "/runs/a/metadata/source", type: "application/gzip",
                text: String(repeating: "a", count: 100_001))
        #expect(upload.slug == "content-too-large")
    }

    @Test func headOverTheLimitIsAProblemToo() throws {
        for length in [4200, 200_000] {
            let client = try api.client()
            try? client.write(HTTPClient.request("GET", "/" + String(repeating: "a", count: length)))
            let reply = try client.read()
            #expect(reply.status == 414 && reply.slug == "target-too-long", "\(reply.text)")
            #expect(client.isClosed())
        }
        for length in [6500, 200_000] {
            let client = try api.client()
            try? client.write(HTTPClient.request("GET", "/", headers: [("X", String(repeating: "a", count: length))]))
            let reply = try client.read()
            #expect(reply.status == 431 && reply.slug == "headers-too-large", "\(reply.text)")
            #expect(client.isClosed())
        }
    }

    @Test func shortBadBodyKeepsTheConnection() throws {
        let client = try api.client()
        #expect(try client.send("POST", "/runs/a/metadata/nothing", text: "a=1").status == 404)
        #expect(try client.send("POST", "/runs/a/metadata/flags", type: "application/json", text: "{").status == 400)
        #expect(try client.send("GET", "/runs/a").status == 200)
    }
}
