import Glibc
import JSON
import TestSupport
import Testing

/// The rows of ERRORS.md that need more than one request, or a client that misbehaves.
@Suite struct BadInputSequenceTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        server = try Server(runs: folder.path, "--max-body", "2000")
        client = try server.connect()
        #expect(try client.sendEmpty("PUT", "/runs/there", session: "other").status == 201)
        #expect(try client.sendJSON("POST", "/runs/there/metadata/flags", #"{"kept": 1}"#).status == 201)
    }

    @Test("Row 5: a write to a run that is not initialised is kept")
    func writeToRunThatIsNotInitialisedIsKept() throws {
        let reply = try client.sendJSON("POST", "/runs/none/metadata/flags", "{}")
        #expect(reply.status == 202)
        #expect(try reply.json["status"]?.string == "pending")
        #expect(try client.sendJSON("PATCH", "/runs/other/metadata/flags", #"{"a": 1}"#).status == 202)
    }

    @Test("Row 19: an announced body over the limit is refused before it is read, without 100 Continue")
    func announcedBodyOverTheLimitGetsNo100() throws {
        let head = "POST /runs/there/metadata/flags HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        try client.write(Array((head + "Expect: 100-continue\r\nContent-Length: 2001\r\n\r\n").utf8))
        let reply = try client.read(takesInformational: true)
        expectProblem(reply, 413)
        #expect(client.isClosed())
        // And one within the limit is asked for.
        let other = try server.connect()
        try other.write(Array((head + "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n").utf8))
        #expect(try other.read(takesInformational: true).status == 100)
        try other.write(Array(#"{"a":  12}"#.utf8))
        #expect(try other.read(takesInformational: true).status == 201)
    }

    @Test("Row 19: a chunked body over the limit gets 413 and the connection is closed")
    func chunkedBodyOverTheLimitIsCutOff() throws {
        let before = DirectoryTree.runs(folder.path)
        let head = "POST /runs/there/metadata/flags HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        try client.write(Array((head + "Transfer-Encoding: chunked\r\n\r\n").utf8))
        let chunk = Array("3E8\r\n\(String(repeating: " ", count: 1000))\r\n".utf8)
        for _ in 0..<4 { try client.write(chunk) }
        expectProblem(try client.read(), 413)
        // It may be told so before all is sent, or after.
        try? client.write(Array("0\r\n\r\n".utf8))
        #expect(client.isClosed())
        #expect(DirectoryTree.runs(folder.path) == before)
    }

    @Test("Row 20: a body cut short by a client that is gone leaves nothing", arguments: ["flags", "source"])
    func bodyCutShortLeavesNothing(type: String) throws {
        let before = DirectoryTree.runs(folder.path)
        do {
            let client = try server.connect()
            let media = type == "source" ? "application/gzip" : "application/json"
            try client.write(
                Array(
                    """
                    POST /runs/there/metadata/\(type) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(media)\r
                    Content-Length: 1000\r\n\r\n{"cut": 1}
                    """.utf8))
        }
        // Its connection is closed now; the server has seen that by its end at the latest.
        #expect(try client.send("GET", "/runs/there/metadata/flags").json["kept"]?.number?.text == "1")
        #expect(try server.terminate() == .exited(0))
        #expect(DirectoryTree.runs(folder.path) == before)
        #expect(DirectoryTree("\(folder.path)/.rundir/staging").entries.isEmpty)
    }

    @Test("Row 20: the connection of a client that is gone is let go", arguments: ["flags", "source"])
    func connectionOfAClientThatIsGoneIsLetGo(type: String) throws {
        let before = server.openSockets
        let head = "POST /runs/there/metadata/\(type) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
        for _ in 0..<20 {
            // Its end comes right behind the bytes.
            try server.connect().write(Array((head + #"{"cut": 1}"#).utf8))
        }
        #expect(eventually { server.openSockets <= before })
    }

    @Test("Row 20: a large upload cut short is removed from staging")
    func largeUploadCutShortIsRemoved() throws {
        let staging = "\(folder.path)/.rundir/staging"
        // A true one: what is wrong with another would be found, and it be removed, before anybody has looked.
        let files = TemporaryFolder()
        var numbers = SeededNumbers(seed: 20)
        files.write("weights", String((0..<500_000).map { _ in "\(numbers.next())" }.joined()))
        let archive = try Command.succeed("tar", "cz", "-C", files.path, "weights")
        #expect(archive.count > 4_000_000)
        do {
            let client = try server.connect()
            let head =
                "POST /runs/there/metadata/source HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\n"
            try client.write(Array((head + "Content-Length: \(archive.count)\r\n\r\n").utf8))
            try client.write(Array(archive.prefix(archive.count / 2)))
            #expect(eventually { !DirectoryTree(staging).entries.isEmpty })
        }
        #expect(eventually { DirectoryTree(staging).entries.isEmpty })
        #expect(server.file("source.tar.gz", of: "there") == nil)
    }

    @Test("Row 24: gzip is unpacked to the limit and no further", arguments: [1990, 2000, 1_000_000])
    func gzipIsUnpackedToTheLimit(size: Int) throws {
        let before = DirectoryTree.runs(folder.path)
        let body = try Self.gzip("{\"a\": \"" + String(repeating: "a", count: size) + "\"}")
        #expect(body.count < 2000)
        let reply = try sendGzip(body)
        if size < 2000 {
            #expect(reply.status == 201)
            #expect(server.file("flags.json", of: "there")?.count ?? 0 > size)
        } else {
            expectProblem(reply, 413)
            #expect(DirectoryTree.runs(folder.path) == before)
        }
    }

    @Test("Row 24: damaged gzip is 400 and stores nothing")
    func damagedGzipIsRefused() throws {
        let before = DirectoryTree.runs(folder.path)
        let whole = try Self.gzip(#"{"packed": true}"#)
        for body in [Array(whole.dropLast(5)), Array("plain".utf8), whole + [0]] {
            expectProblem(try sendGzip(body), 400)
        }
        #expect(DirectoryTree.runs(folder.path) == before)
        #expect(try sendGzip(whole).status == 201)
        #expect(server.text("flags.json", of: "there") == "{\n  \"packed\": true\n}\n")
    }

    private func sendGzip(_ body: [UInt8]) throws -> HTTPClient.Reply {
        try server.connect().send(
            "POST", "/runs/there/metadata/flags", type: "application/json", headers: [("Content-Encoding", "gzip")],
            body: body)
    }

    private static func gzip(_ text: String) throws -> [UInt8] {
        let folder = TemporaryFolder()
        folder.write("text", text)
        return try Command.succeed("gzip", "-9", "-c", "\(folder.path)/text")
    }

    @Test("Row 37: complete on a run that has completed is 200, unchanged; with a body that says otherwise 409")
    func completingAgainIsUnchanged() throws {
        #expect(try client.sendEmpty("POST", "/runs/there/complete").status == 200)
        let before = DirectoryTree("\(folder.path)/there")
        #expect(try client.sendEmpty("POST", "/runs/there/complete").status == 200)
        #expect(try client.sendJSON("POST", "/runs/there/complete", #"{"completed": false}"#).status == 409)
        #expect(DirectoryTree("\(folder.path)/there") == before)
    }

    @Test("Row 51: while the server stops, a request gets 503 and Retry-After")
    func requestToAStoppingServerGets503() throws {
        // A request in flight holds the end up.
        let body = Array(#"{"epoch": 7, "loss": 0.25}"#.utf8)
        let slow = try server.connect()
        try slow.begin("POST", "/runs/there/metadata/metrics", type: "application/json", length: body.count)
        server.process.signal(SIGTERM)
        var refusal: HTTPClient.Reply?
        let isRefused = try eventually {
            let reply = try client.send("GET", "/health")
            refusal = reply
            return reply.status != 200
        }
        #expect(isRefused, "the server goes on")
        let reply = try #require(refusal)
        expectProblem(reply, 503)
        #expect(reply.headers["retry-after"].flatMap { Int($0) } ?? 0 > 0)
        try slow.write(body)
        #expect(try slow.read().status == 201)
        #expect(try server.process.wait() == .exited(0))
    }
}
