import Foundation
import JSON
import TestSupport
import Testing

/// `rundir token` and `rundir audit`, beside a running server.
@Suite struct TokenTests {
    private let folder = TemporaryFolder()
    private var runs: String { "\(folder.path)/runs" }

    private func rundir(_ words: String...) throws -> Command {
        try Command(arguments: [Server.executable] + words + ["--runs", runs])
    }

    /// Makes a token and gives what it printed.
    private func create(_ words: String...) throws -> String {
        let command = try Command(arguments: [Server.executable, "token", "create"] + words + ["--runs", runs])
        #expect(command.ending == .exited(0), "\(command.errors)")
        return String(decoding: command.output, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    private func status(_ server: Server, _ token: String?, _ method: String = "GET", _ target: String = "/runs") throws
        -> Int
    {
        let headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        return try server.connect().send(method, target, headers: headers + [("Content-Length", "0")]).status
    }

    @Test func tokensCountAndEndWhileTheServerRuns() throws {
        let server = try Server(runs: runs)
        #expect(try status(server, nil) == 200)
        let token = try create("ci")
        #expect(token.wholeMatch(of: /rd_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}/) != nil)
        #expect(eventually { (try? status(server, nil)) == 401 })
        #expect(try status(server, token) == 200)
        #expect(try status(server, token, "PUT", "/runs/a") == 201)
        #expect(try status(server, token, "DELETE", "/runs/a?force=true") == 403)

        let other = try create("boss", "--right", "admin", "--only", "a", "--expires", "30d")
        #expect(eventually { (try? status(server, other)) == 200 })
        let list = try rundir("token", "list")
        let text = String(decoding: list.output, as: UTF8.self)
        #expect(
            text.contains("ci") && text.contains("boss") && !text.contains(token) && !text.contains(token.suffix(43)))

        #expect(try rundir("token", "revoke", "ci").ending == .exited(0))
        #expect(eventually { (try? status(server, token)) == 401 })
        #expect(try status(server, other) == 200)
        #expect(try status(server, other, "PUT", "/runs/b") == 403)
        #expect(try status(server, other, "DELETE", "/runs/a?force=true") == 204)
        // Kept at the latest when the server stops.
        try server.terminate()
        let kept = try JSONValue.parse(rundir("token", "list", "--json").output)
        #expect(kept.array?.count == 1 && kept.array?[0]["last_used"]?.string?.hasSuffix("Z") == true)
        #expect(kept.array?[0]["only"] == ["a"])
    }

    @Test func curlTakesTheTokenAsPassword() throws {
        let token = try create("ci")
        let server = try Server(runs: runs)
        let address = "http://127.0.0.1:\(server.port)/runs"
        try Command.succeed("curl", "-sf", "-u", ":\(token)", "-X", "PUT", "\(address)/a")
        try Command.succeed("curl", "-sf", "-u", "anna:\(token)", address)
        #expect(try Command("curl", "-sf", address).ending == .exited(22))
    }

    @Test(arguments: [
        (["create", "a b"], "the name is"), (["create", "ci", "--only", "a/b"], "--only is"),
        (["create", "ci", "--expires", "yesterday"], "--expires is"),
        (["create", "ci", "--right", "root"], "'root' is invalid"),
        (["revoke", "nobody"], "there is no token nobody"), (["create", "taken"], "there is a token taken already"),
    ])
    func faultyCommandSaysWhy(words: [String], reason: String) throws {
        _ = try create("taken")
        let command = try Command(arguments: [Server.executable, "token"] + words + ["--runs", runs])
        #expect(command.ending == .exited(64) && command.output.isEmpty)
        #expect(command.errors.contains(reason), "\(command.errors)")
    }

    @Test func addressOfOthersNeedsATokenOrAWord() throws {
        func start(_ options: String...) throws -> Command {
            try Command(
                arguments: [
                    "timeout", "20", Server.executable, "serve", "--port", "0", "--host", "0.0.0.0", "--runs", runs,
                ]
                    + options)
        }
        let refused = try start()
        #expect(refused.ending == .exited(64), "\(refused.errors)")
        #expect(refused.errors.contains("rundir token create") && refused.errors.contains("--no-auth"))
        #expect(try start("--public-read").ending == .exited(64))
        let open = try Server(runs: runs, "--host", "0.0.0.0", "--no-auth")
        #expect(try status(open, nil, "PUT", "/runs/a") == 201)
        try open.terminate()
        let byVariable = try Server(runs: runs, "--host", "0.0.0.0", variables: ["RUNDIR_NO_AUTH": "true"])
        #expect(try status(byVariable, nil) == 200)
        try byVariable.terminate()
        let token = try create("ci")
        let server = try Server(runs: runs, "--host", "0.0.0.0")
        #expect(try status(server, nil) == 401 && status(server, token) == 200)
        // Without tokens it does not fall open.
        #expect(try rundir("token", "revoke", "ci").ending == .exited(0))
        #expect(eventually { (try? status(server, token)) == 401 })
        #expect(try status(server, nil) == 401)
    }

    @Test func publicReadLetsEverybodyRead() throws {
        _ = try create("ci")
        let server = try Server(runs: runs, "--public-read")
        #expect(try status(server, nil) == 200)
        #expect(try status(server, nil, "PUT", "/runs/a") == 401)
    }

    @Test func allowedOriginIsTold() throws {
        let server = try Server(runs: runs, "--allow-origin", "https://dash.example.org")
        let reply = try server.connect().send("GET", "/runs", headers: [("Origin", "https://dash.example.org")])
        #expect(reply.headers["access-control-allow-origin"] == "https://dash.example.org")
    }

    // MARK: The audit log

    /// The log's lines, once there are as many.
    private func lines(_ count: Int, _ words: String...) throws -> [JSONValue] {
        var found: [JSONValue] = []
        _ = try eventually(within: 20) {
            let command = try Command(arguments: [Server.executable, "audit", "--json", "--runs", runs] + words)
            found = try command.output.split(separator: UInt8(ascii: "\n")).map { try JSONValue.parse(Array($0)) }
            return found.count >= count
        }
        return found
    }

    @Test func changesAreInTheAuditLog() throws {
        let token = try create("ci")
        let server = try Server(runs: runs)
        let client = try server.connect()
        let headers = [("Authorization", "Bearer \(token)")]
        _ = try client.send("PUT", "/runs/a", headers: headers)
        for step in 0..<50 {
            let reply = try client.send(
                "POST", "/runs/a/metadata/metrics", type: "application/json", headers: headers,
                text: #"{"step": \#(step)}"#)
            #expect(reply.status == 201)
        }
        _ = try client.send("GET", "/runs/a", headers: headers)
        let made = try client.send("POST", "/runs", headers: headers + [("Content-Length", "0")]).json["run"]?.string
        _ = try client.send("POST", "/runs/active/metadata/flags", headers: headers, text: "lr=1")
        _ = try client.send("DELETE", "/runs/a?force=true", headers: headers)
        for _ in 0..<10 { _ = try client.send("DELETE", "/runs/a?force=true") }
        try server.terminate()

        let all = try lines(7)
        let told = all.map { entry in
            [entry["operation"]?.string, entry["run"]?.string, entry["status"]?.number?.text].map { $0 ?? "-" }
                .joined(separator: " ")
        }
        // Two of the rows, where a minute begins among them.
        let rows = "writeMetadata a 201"
        #expect(told.count { $0 == rows } <= 2)
        #expect(
            told.filter { $0 != rows } == [
                "createToken - -", "initialiseRun a 201", "createRun \(made ?? "") 201",
                "writeMetadata \(made ?? "") 201",
                "- - 403", "- - 401",
            ], "\(told)")
        #expect(all[1]["token"] == "ci" && all[1]["address"] == "127.0.0.1" && all[1]["request_id"]?.string != nil)
        #expect(all[1]["time"]?.string?.hasSuffix("Z") == true)
        #expect(all.suffix(2).map { $0["token"] } == ["ci", .null])

        #expect(try lines(1, "--run", "a").allSatisfy { $0["run"] == "a" })
        #expect(try lines(1, "--token", "nobody").isEmpty)
        // All but the request without a token.
        #expect(try lines(1, "--token", "ci").count == all.count - 1)
        #expect(try lines(1, "--since", "1h").count == all.count)
        #expect(try lines(1, "--since", "2000-01-01").count == all.count)
        let text = String(decoding: try rundir("audit").output, as: UTF8.self)
        #expect(text.contains("initialiseRun") && text.contains("refused: DELETE /runs/a"))
    }

    @Test func refusalNamesTheTokenWhoseRightDoesNotReach() throws {
        let token = try create("guest", "--right", "read")
        let server = try Server(runs: runs)
        #expect(try status(server, token, "PUT", "/runs/a") == 403)
        #expect(try status(server, "rd_unknown", "PUT", "/runs/a") == 401)
        try server.terminate()
        let refused = try lines(3).filter { $0["status"]?.number != nil }
        #expect(refused.map { $0["status"] } == [403, 401])
        #expect(refused.map { $0["token"] } == ["guest", .null])
    }

    @Test func changesOfManyNameTheirRuns() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        for run in ["a", "b"] { _ = try client.send("PUT", "/runs/\(run)") }
        let reply = try client.send(
            "POST", "/runs/archive?where=TRUE&dry_run=false", headers: [("Content-Length", "0")])
        #expect(reply.status == 200)
        let entry = try #require(try lines(3).last)
        #expect(entry["operation"] == "archiveRuns" && entry["token"] == .null)
        #expect(Set(entry["runs"]?.array?.compactMap(\.string) ?? []) == ["a", "b"])
        #expect(try client.send("GET", "/metrics").text.contains("rundir_audit_lost_total 0"))
    }
}
