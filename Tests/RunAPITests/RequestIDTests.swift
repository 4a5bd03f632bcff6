import JSON
import Logging
import Synchronization
import TestSupport
import Testing

/// `Request-Id` on every reply.
@Suite struct RequestIDTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    @Test func everyReplyHasOneOfItsOwn() throws {
        var ids: Set<String> = []
        for (method, target, body, status) in [
            ("GET", "/health", "", 200), ("HEAD", "/runs", "", 200), ("GET", "/runs/a/bundle.tar.gz", "", 200),
            ("POST", "/runs/a/metadata/metrics", "{\"loss\":1}", 201),
            ("POST", "/runs/a/metadata/metrics", "{\"loss\":1}", 201),
            ("POST", "/runs/p/metadata/flags", "a=1", 202), ("PUT", "/runs/a/files/x", "x", 201),
            ("PUT", "/runs/a/files/x", "x", 204), ("DELETE", "/runs/a/files/x", "", 204), ("OPTIONS", "/runs", "", 204),
        ] {
            let reply = try api.send(method, target, body)
            #expect(reply.status == status)
            let id = try #require(reply.headers["request-id"])
            #expect(id.wholeMatch(of: /[0-9a-f]{1,8}-[0-9a-f]+/) != nil, "\(id)")
            #expect(ids.insert(id).inserted)
        }
    }

    /// A client's own is no name that the log knows.
    @Test func clientsOwnIsNotTakenOver() throws {
        let reply = try api.send("GET", "/health", headers: [("Request-Id", "mine"), ("X-Request-Id", "mine")])
        #expect(reply.headers["request-id"] != "mine")
    }

    @Test func problemHasTheSame() throws {
        for (method, target, body) in [
            ("GET", "/nothing", ""), ("POST", "/runs/a/metadata/flags", "{"), ("PUT", "/runs", "x"),
            ("GET", "/runs/none", ""), ("GET", "/\(String(repeating: "a", count: 9000))", ""),
        ] {
            let reply = try api.send(method, target, body)
            #expect(reply.status >= 400)
            #expect(try reply.json["request_id"]?.string == reply.headers["request-id"])
        }
    }

    @Test func logHasTheSame() throws {
        let lines = LogLines()
        let api = try APIFixture.make(log: Logger(label: "test") { _ in lines })
        let reply = try api.send("GET", "/runs/none")
        let id = try #require(reply.headers["request-id"])
        #expect(lines.all.contains { $0.hasPrefix("404: there is no run") && $0.hasSuffix(" request_id=\(id)") })
    }

    /// What libmicrohttpd refuses by itself, and what is refused past it, in the middle of a body.
    @Test(arguments: [
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n",
        "POST /runs/a/metadata/flags HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "200000\r\n\(String(repeating: "a", count: 0x200000))\r\n0\r\n\r\n",
    ])
    func replyToWhatIsNoRequestHasOneToo(request: String) throws {
        let client = try api.client()
        try? client.write(Array(request.utf8))
        let reply = try client.read()
        #expect(reply.status >= 400)
        let id = try #require(reply.headers["request-id"])
        #expect(try reply.json["request_id"]?.string == id)
    }
}

/// Keeps what is logged.
private final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
        lines.withLock { $0.append(([event.message.description] + fields).joined(separator: " ")) }
    }
}
