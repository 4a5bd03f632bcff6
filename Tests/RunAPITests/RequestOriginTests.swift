import Foundation
import JSON
import TestSupport
import Testing

@testable import Access
@testable import HTTPServer
@testable import RunAPI

/// Which hosts a request may name, and for which pages a browser may change something.
@Suite struct RequestOriginTests {
    /// Sends a head as it is, on a connection of its own.
    private func send(_ api: APIFixture, _ lines: String..., hasBody: Bool = true) throws -> (
        HTTPClient, HTTPClient.Reply
    ) {
        let client = try api.client()
        try client.write(Array((lines + ["", ""]).joined(separator: "\r\n").utf8))
        return (client, try client.read(hasBody: hasBody))
    }

    // MARK: Host

    @Test(
        arguments: [
            "localhost", "localhost:7117", "LOCALHOST:1", "localhost.", "a.localhost", "A.b.LocalHost.:80", "127.0.0.1",
            "127.0.0.1:7117", "127.9.8.7", "[::1]", "[::1]:7117", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]",
            "localhost:",
            "  localhost  ",
        ])
    func loopbackHostIsServed(host: String) throws {
        let api = try APIFixture.make()
        #expect(try send(api, "GET /health HTTP/1.1", "Host: \(host)").1.status == 200)
    }

    @Test func addressesAndNamesOfThisMachineAreServed() throws {
        let api = try APIFixture.make()
        let addresses = try #require(MachineNames.system.addresses())
        #expect(!addresses.isEmpty)
        let hosts = addresses.map { Authority.Host.address($0).description } + [MachineNames.system.name()]
        for host in hosts {
            let written = host.contains(":") ? "[\(host)]" : host
            #expect(try send(api, "GET /runs HTTP/1.1", "Host: \(written):7117").1.status == 200, "\(host)")
        }
    }

    @Test(
        arguments: [
            "evil.example", "evil.example:7117", "localhost.evil.example", "notlocalhost", "127.0.0.1.evil.example",
            "128.0.0.1", "203.0.113.9:7117", "[2001:db8::1]:7117", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0",
            "my_service:7117",
        ])
    func foreignHostGets421AndTheConnectionEnds(host: String) throws {
        let api = try APIFixture.make()
        for request in [
            "GET /runs", "GET /health", "GET /ready", "POST /runs", "GET /nowhere", "BREW /runs", "GET /a//b",
        ] {
            let (client, reply) = try send(api, "\(request) HTTP/1.1", "Host: \(host)", "Content-Length: 0")
            #expect(reply.status == 421 && reply.slug == "misdirected-request", "\(request): \(reply.text)")
            let name = host.replacing(/:\d+$/, with: "").replacing(/[\[\]]/, with: "")
            #expect(reply.detail.contains("--allow-host \(name) ") && reply.detail.contains("RUNDIR_ALLOW_HOST"))
            #expect(reply.headers["connection"] == "close" && client.isClosed())
        }
        #expect(try api.send("GET", "/runs").json["runs"]?.array?.isEmpty == true)
    }

    @Test(
        arguments: [
            "", " ", ":7117", "user@localhost", "localhost:a", "localhost:99999", "localhost:7117:7117", "localhost/",
            "::1",
            "[::1", "[localhost]", "[127.0.0.1]", "[::1]7117", "local host", "localhost,localhost",
            "h\u{e4}user", "..", "a..b", ".localhost", "localhost..", "%6cocalhost", "http://localhost", "*",
            String(repeating: "a", count: 64), String(repeating: "a.", count: 200) + "localhost",
        ])
    func malformedHostGets400AndTheConnectionEnds(host: String) throws {
        let api = try APIFixture.make()
        let (client, reply) = try send(api, "GET /health HTTP/1.1", "Host: \(host)")
        #expect(reply.status == 400 && reply.slug == "invalid-host", "\(reply.text)")
        #expect(client.isClosed())
    }

    @Test func hostIsNeededOnceButForHTTP10() throws {
        let api = try APIFixture.make()
        #expect(try send(api, "GET /health HTTP/1.1").1.status == 400)
        #expect(try send(api, "GET /health HTTP/1.1", "Host: localhost", "Host: localhost").1.status == 400)
        #expect(try send(api, "GET /health HTTP/1.1", "Host: localhost", "hOST: evil.example").1.status == 400)
        #expect(try send(api, "GET /health HTTP/1.0").1.status == 200)
        #expect(try send(api, "GET /health HTTP/1.0", "Host: evil.example").1.status == 421)
    }

    /// As proxies send it (RFC 9112 section 3.2.2): the host in the target counts.
    @Test func hostOfAWholeTargetIsLookedAt() throws {
        let api = try APIFixture.make()
        #expect(try send(api, "GET http://localhost:7117/health HTTP/1.1", "Host: evil.example").1.status == 200)
        #expect(try send(api, "GET http://evil.example/health HTTP/1.1", "Host: localhost").1.status == 421)
        #expect(try send(api, "GET http://user@localhost/health HTTP/1.1", "Host: localhost").1.status == 400)
        #expect(try send(api, "GET http://local%68ost/health HTTP/1.1", "Host: localhost").1.slug == "invalid-host")
    }

    /// The value that was accepted last is not looked into again; another one is.
    @Test func eachRequestOfAConnectionIsLookedAt() throws {
        let api = try APIFixture.make()
        let client = try api.client()
        let row = Array(#"{"epoch": 1, "loss": 1}"#.utf8)
        for host in ["localhost", "localhost", "127.0.0.1", "[::1]", "a.localhost", "b.localhost", "localhost"] {
            try client.write(Self.row(host, row))
            #expect(try client.read().status == 202, "\(host)")
        }
        try client.write(Self.row("localhost.", row) + Self.row("localhosu", row))
        #expect(try client.read().status == 202)
        #expect(try client.read().status == 421)
    }

    private static func row(_ host: String, _ body: [UInt8]) -> [UInt8] {
        let head = "POST /runs/a/metadata/metrics HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/json\r\n"
        return Array((head + "Content-Length: \(body.count)\r\n\r\n").utf8) + body
    }

    // MARK: Origin

    private static let foreign: [[String]] = [
        ["Origin: http://evil.example"], ["Origin: null"], ["Origin: "], ["Origin: http://localhost:7118"],
        ["Origin: http://localhost"], ["Origin: http://127.0.0.1:7117"], ["Origin: ftp://localhost:7117"],
        ["Origin: localhost:7117"], ["Origin: http://localhost:7117/"], ["Origin: http://user@localhost:7117"],
        ["Origin: http://localhost:7117, http://localhost:7117"], ["Origin: http://localhost:7117.evil.example"],
        ["Origin: file://"], ["Origin: http://localhost:7117", "origin: http://evil.example"],
        ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Sec-Fetch-Site: "],
        ["sec-fetch-site: nonsense"],
        ["Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"],
        ["Origin: http://localhost:7117", "Sec-Fetch-Site: cross-site"],
        ["Origin: http://evil.example", "Sec-Fetch-Site: same-origin"],
    ]

    @Test(arguments: foreign)
    func requestOfAForeignPageChangesNothing(fields: [String]) throws {
        let api = try APIFixture.make()
        try api.send("PUT", "/runs/kept")
        let form = "where=TRUE&dry_run=false&force=true"
        for request in ["POST /runs/purge", "DELETE /runs/kept?force=true", "BREW /runs"] {
            let client = try api.client()
            let head =
                ["\(request) HTTP/1.1", "Host: localhost:7117"] + fields + ["Content-Length: \(form.utf8.count)"]
            let type = "Content-Type: application/x-www-form-urlencoded"
            try client.write(Array((head + [type, "", form]).joined(separator: "\r\n").utf8))
            let reply = try client.read()
            #expect(reply.status == 403 && reply.slug == "foreign-origin", "\(request): \(reply.text)")
            #expect(!reply.headers.keys.contains { $0.hasPrefix("access-control") })
        }
        #expect(try api.send("GET", "/runs/kept").status == 200)
    }

    @Test(
        arguments: [
            ("localhost:7117", ["Origin: http://localhost:7117"]),
            ("LOCALHOST:7117", ["Origin: http://localhost:7117"]),
            ("localhost:7117", ["Origin: https://localhost:7117", "Sec-Fetch-Site: same-origin"]),
            ("localhost", ["Origin: http://localhost"]), ("localhost", ["Origin: https://localhost"]),
            ("localhost:80", ["Origin: http://localhost"]), ("localhost:443", ["Origin: https://localhost"]),
            ("[::1]:7117", ["Origin: http://[::1]:7117"]), ("localhost", ["Sec-Fetch-Site: none"]), ("localhost", []),
        ])
    func requestOfTheServersOwnPageIsTaken(host: String, fields: [String]) throws {
        let api = try APIFixture.make()
        let client = try api.client()
        let head = ["PUT /runs/a HTTP/1.1", "Host: \(host)"] + fields + ["Content-Length: 0", "", ""]
        try client.write(Array(head.joined(separator: "\r\n").utf8))
        #expect(try client.read().status == 201)
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS"])
    func readingIsLeftToTheBrowser(method: String) throws {
        let api = try APIFixture.make()
        let (_, reply) = try send(
            api, "\(method) /runs HTTP/1.1", "Host: localhost", "Origin: http://evil.example",
            "Sec-Fetch-Site: cross-site", hasBody: method != "HEAD")
        #expect(reply.status == (method == "OPTIONS" ? 204 : 200))
        #expect(!reply.headers.keys.contains { $0.hasPrefix("access-control") })
    }

    /// Every route of the document that is not for reading alone, with a body that it would take.
    @Test func everyRouteThatChangesSomethingRefusesForeignPages() throws {
        let api = try APIFixture.make()
        let row = #"{"epoch": 1, "loss": 0.5}"#
        try api.send("PUT", "/runs/a")
        try api.send("POST", "/runs/a/metadata/metrics", type: "application/json", row)
        try api.send("PUT", "/runs/a/files/kept.txt", "kept")
        try api.send("PUT", "/runs/old")
        try api.send("POST", "/runs/old/archive")
        let before = DirectoryTree("\(api.folder.path)/runs").entries.filter { !$0.key.hasPrefix(".rundir") }
        let routes = try OpenAPIDocument().operations.map(\.route).filter { !$0.hasPrefix("GET ") }
        #expect(routes.count > 12)
        for route in routes {
            let parts = route.replacing("{id}", with: "a").replacing("{type}", with: "metrics")
                .replacing("{path}", with: "kept.txt").split(separator: " ")
            for fields in [[("Origin", "http://evil.example")], [("Sec-Fetch-Site", "cross-site")]] {
                let reply = try api.send(
                    String(parts[0]), String(parts[1]), type: "application/json", headers: fields, row)
                #expect(reply.status == 403 && reply.slug == "foreign-origin", "\(route): \(reply.text)")
            }
        }
        let after = DirectoryTree("\(api.folder.path)/runs").entries.filter { !$0.key.hasPrefix(".rundir") }
        #expect(after == before)
    }
}
