import JSON
import TestSupport
import Testing

/// The rows of ERRORS.md over a socket: the reply that is promised, and nothing stored.
@Suite struct BadInputTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        folder.write("archive/stored/tfruns.d/properties/start", "1\n")
        folder.write("archive/stored/tfruns.d/metrics.ndjson", "{\"loss\":0.5}\n")
        server = try Server(runs: folder.path, "--max-body", "2000")
        client = try server.connect()
        #expect(try client.sendEmpty("PUT", "/runs/there", session: "other").status == 201)
        #expect(try client.sendJSON("POST", "/runs/there/metadata/flags", #"{"kept": 1}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/there/metadata/metrics", #"{"epoch": 0, "loss": 1}"#).status == 201)
        #expect(try client.send("GET", "/runs/there/metadata/metrics").status == 200)
    }

    @Test("Paths and heads", arguments: BadRequest.paths)
    func badPath(request: BadRequest) throws { try expectRefusal(request) }

    @Test("Forms of bodies", arguments: BadRequest.forms)
    func badForm(request: BadRequest) throws { try expectRefusal(request) }

    @Test("JSON", arguments: BadRequest.json)
    func badJSON(request: BadRequest) throws { try expectRefusal(request) }

    @Test("Shapes of contents", arguments: BadRequest.shapes)
    func badShape(request: BadRequest) throws { try expectRefusal(request) }

    /// Sends the request and expects the reply that its row promises, no change on disk, and the connection's state.
    private func expectRefusal(_ request: BadRequest) throws {
        let before = DirectoryTree.runs(folder.path)
        try client.write(request.bytes)
        let reply = try client.read()
        let problem = expectProblem(reply, request.status)
        if let pointer = request.pointer { #expect(problem["pointer"]?.string == pointer, "\(reply.text)") }
        if let offset = request.offset {
            let found = problem["offset"]?.number?.int
            #expect(found.map(offset.contains) == true, "\(reply.text)")
        }
        if let allowed = request.allowed {
            #expect(problem["allowed"]?.array?.contains(.string(allowed)) == true, "\(reply.text)")
        }
        if let allow = request.allow {
            let methods = (reply.headers["allow"] ?? "").split(separator: ",").map { $0.drop { $0 == " " } }
            for method in allow { #expect(methods.contains(Substring(method)), "Allow: \(methods)") }
            #expect(!methods.contains(Substring(request.method)))
        }
        let detail = problem["detail"]?.string ?? ""
        for words in request.says { #expect(detail.contains(words), "\(detail)") }
        #expect(!detail.contains(folder.path), "\(detail)")
        #expect(DirectoryTree.runs(folder.path) == before)
        if request.closes {
            #expect(client.isClosed(), "the connection goes on")
        } else {
            #expect(reply.headers["connection"]?.lowercased() != "close", "the connection closes")
            #expect((try? client.send("GET", "/health").status) == 200, "the connection does not go on")
        }
        #expect(try server.connect().send("GET", "/health").status == 200)
    }
}
