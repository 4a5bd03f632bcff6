import TestSupport
import Testing

/// `--allow-host` and its variable.
@Suite struct AllowedHostTests {
    private let folder = TemporaryFolder()

    private func status(_ server: Server, _ host: String) throws -> Int {
        let client = try server.connect()
        try client.write(Array("GET /runs HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8))
        return try client.read().status
    }

    @Test func optionAllowsWhatItNamesAndNothingElse() throws {
        let server = try Server(
            runs: folder.path, "--allow-host", "runs.example.org", "--allow-host", "*.lab.example")
        for host in ["runs.example.org", "RUNS.example.org:443", "a.lab.example", "localhost:1"] {
            #expect(try status(server, host) == 200, "\(host)")
        }
        for host in ["example.org", "lab.example", "203.0.113.9"] {
            #expect(try status(server, host) == 421, "\(host)")
        }
    }

    @Test func variableHasSeveralPartedByCommas() throws {
        let server = try Server(
            runs: folder.path, variables: ["RUNDIR_ALLOW_HOST": "runs.example.org,203.0.113.9,2001:db8::1"])
        for host in ["runs.example.org", "203.0.113.9:80", "[2001:db8::1]:80"] {
            #expect(try status(server, host) == 200, "\(host)")
        }
        #expect(try status(server, "evil.example") == 421)
    }

    @Test func starTakesAll() throws {
        let server = try Server(runs: folder.path, "--allow-host", "*")
        #expect(try status(server, "evil.example") == 200)
        #expect(try status(server, "evil example") == 400)
    }

    /// What it prints at its start can be copied.
    @Test func addressThatItListensOnIsAllowed() throws {
        let server = try Server(runs: folder.path, "--host", "0.0.0.0", "--no-auth")
        #expect(try status(server, "0.0.0.0:\(server.port)") == 200)
        #expect(try status(server, "evil.example") == 421)
    }
}
