import JSON
import TestSupport
import Testing

/// Row 54 of ERRORS.md: a server that may have little memory (getrlimit(2), RLIMIT_AS; prlimit(1)).
@Suite struct MemoryLimitTests {
    private static let megabyte = 1 << 20
    private let folder = TemporaryFolder()

    /// Fails when what is sent at once takes more memory than there is: then the process would be aborted.
    @Test func bodiesBeyondTheMemoryGet503AndTheServerGoesOn() throws {
        let server = try Server(
            runs: folder.path, "--max-body", "\(4 * Self.megabyte)",
            launcher: ["prlimit", "--as=\(1000 * Self.megabyte)"])
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: 7 * Self.megabyte / 2)
        let body = Array(#"{"a": ""#.utf8) + text + Array(#""}"#.utf8)
        let head = HTTPClient.request(
            "POST", "/runs/a/metadata/flags", type: "application/json",
            headers: [("Expect", "100-continue"), ("Content-Length", "\(body.count)")])
        // All at once, each but for its end.
        var accepted: [HTTPClient] = []
        var refused = 0
        for _ in 0..<100 {
            let other = try server.connect()
            try other.write(head)
            let reply = try other.read(takesInformational: true)
            if reply.status == 503 {
                #expect(reply.headers["retry-after"] != nil)
                refused += 1
            } else {
                #expect(reply.status == 100)
                try other.write(Array(body.dropLast()))
                accepted.append(other)
            }
        }
        #expect(refused > 0 && accepted.count > 6, "\(accepted.count) of \(refused + accepted.count)")
        let read = accepted.prefix(6)
        for other in read { try other.write([UInt8(ascii: "}")]) }
        let statuses = Set(try read.map { try $0.read().status })
        #expect(statuses.contains(201) && statuses.isSubset(of: [201, 503]), "\(statuses)")
        #expect(!server.process.hasEnded, "\(server.errors)")
        accepted.removeAll()
        #expect(
            try server.connect().send("POST", "/runs/a/metadata/flags", type: "application/json", body: body).status
                == 201)
        #expect(try server.connect().send("GET", "/ready").status == 200)
        #expect(try server.terminate() == .exited(0))
    }

    @Test func memoryOfBodiesIsASetting() throws {
        let server = try Server(runs: folder.path, "--max-body", "1000000", "--max-body-memory", "1500000")
        let holding = try server.connect()
        try holding.begin("POST", "/runs/a/metadata/metrics", type: "application/json", length: 1_000_000)
        let refused = try server.connect()
        try refused.write(
            HTTPClient.request(
                "POST", "/runs/a/metadata/metrics", type: "application/json",
                headers: [("Content-Length", "900000"), ("Expect", "100-continue")]))
        let reply = try refused.read(takesInformational: true)
        #expect(reply.status == 503 && reply.headers["retry-after"] != nil, "\(reply.text)")
        let small = try server.connect().sendJSON("POST", "/runs/a/metadata/metrics", #"{"loss": 1}"#)
        #expect(small.status == 202)
    }
}
